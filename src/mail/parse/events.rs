//! Delivery events of Amazon SES, as its notification service mails them: JSON in the text instead of a report (RFC 3464).
//!
//! The fields are documented by Amazon: "Contents of event data that Amazon SES publishes to Amazon SNS".

use serde::Deserialize;

use super::report::{MOST, one_line};
use crate::domain::message::{Address, MessageId, Reading, RecipientReport, Report};
use crate::domain::origin::reason::enhanced;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    #[serde(alias = "eventType")]
    notification_type: String,
    bounce: Bounce,
    delivery: Delivery,
    mail: Mail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Bounced>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Bounced {
    email_address: String,
    status: String,
    action: String,
    diagnostic_code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Delivery {
    recipients: Vec<String>,
    smtp_response: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Mail {
    headers: Vec<Field>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Field {
    name: String,
    value: String,
}

/// The report that an event stands for; `None` where the mail holds no event of a delivery.
pub fn read(mail: &Reading) -> Option<Report> {
    mail.header("X-Amz-Sns-Message-Id")?;
    let json = mail.text.get(mail.text.find('{')?..)?;
    let event = serde_json::Deserializer::from_str(json).into_iter::<Event>().next()?.ok()?;
    let recipients: Vec<RecipientReport> = match event.notification_type.as_str() {
        "Bounce" => event.bounce.bounced_recipients.iter().take(MOST).map(|one| bounced(one, &event.bounce.bounce_type)).collect(),
        "Delivery" => event.delivery.recipients.iter().take(MOST).map(|to| delivered(to, &event.delivery.smtp_response)).collect(),
        _ => return None,
    };
    let ids = |name: &str| {
        let fields = event.mail.headers.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        fields.flat_map(|f| f.value.split_whitespace()).filter_map(MessageId::parse).collect::<Vec<_>>()
    };
    Some(Report {
        recipients,
        original: ids("Message-ID").into_iter().next(),
        original_references: ids("References"),
        returned: String::new(),
    })
}

fn bounced(one: &Bounced, kind: &str) -> RecipientReport {
    let diagnostic = one_line(one.diagnostic_code.split_once(';').map_or(one.diagnostic_code.as_str(), |(_, text)| text));
    let class = if kind == "Transient" { "4.0.0" } else { "5.0.0" };
    RecipientReport {
        recipient: Address::parse(&one.email_address),
        status: enhanced(&one.status).or_else(|| enhanced(&diagnostic)).or_else(|| Some(class.to_owned())),
        action: if one.action.is_empty() { "failed".to_owned() } else { one.action.to_ascii_lowercase() },
        diagnostic,
    }
}

fn delivered(to: &str, answer: &str) -> RecipientReport {
    RecipientReport {
        recipient: Address::parse(to),
        status: enhanced(answer),
        action: "delivered".to_owned(),
        diagnostic: one_line(answer),
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::parse::read;

    #[test]
    fn events_are_reports() {
        let event = |json: &str| {
            let raw = format!(
                "From: no-reply@sns.example\nX-Amz-Sns-Message-Id: 1\nSubject: AWS Notification Message\n\n{json}\n\n--\nUnsubscribe"
            );
            read(raw.as_bytes(), None).report.map(|r| {
                let told = r.recipients.iter().map(|f| format!("{} {} {:?}", f.recipient.as_ref().unwrap(), f.action, f.status)).collect();
                (told, r.original.map(|id| id.as_str().to_owned()))
            })
        };
        let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"li@x.example",
            "action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"wu@x.example"}]},
            "mail":{"headers":[{"name":"Message-ID","value":"<m1@desk.example>"}]}}"#;
        let told: Vec<String> = vec!["li@x.example failed Some(\"5.1.1\")".into(), "wu@x.example failed Some(\"5.0.0\")".into()];
        assert_eq!(event(bounce), Some((told, Some("m1@desk.example".to_owned()))));
        let delivery = r#"{"eventType":"Delivery","delivery":{"recipients":["li@x.example"],"smtpResponse":"250 2.6.0 received"}}"#;
        assert_eq!(event(delivery), Some((vec!["li@x.example delivered Some(\"2.6.0\")".to_owned()], None)));
        for none in [r#"{"notificationType":"Complaint"}"#, "{ not json", "no brace", r#"{"notificationType":7}"#] {
            assert_eq!(event(none), None, "{none}");
        }
    }
}
