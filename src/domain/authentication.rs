//! What our own border says of a mail: Authentication-Results (RFC 8601) and the header by which it marks mail from inside.
//!
//! Anybody can write such a field into a mail, under any name. RFC 8601 section 5 wants the border to take foreign ones that bear its name
//! away, but not every border does. So what gives trust is believed only where no sender can write: above the border's own Received
//! field. That is the topmost one, but for those that a mail gets on its way within one machine (`within_the_house`). Gmail writes its
//! results below its Received; there a token proves an agent, as anywhere. What takes trust away (`dmarc=fail`) is believed wherever it
//! stands: a sender who writes it harms himself.

use super::message::Reading;
use super::policy::Policy;

/// One field, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// Who says it, in lower case.
    pub authserv_id: String,
    /// What was found, in order; empty for `none`.
    pub findings: Vec<Finding>,
}

/// The result of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `dkim`, in lower case.
    pub method: String,
    /// `pass`, in lower case.
    pub result: String,
    /// `header.d` and the like in lower case, with their values.
    pub properties: Vec<(String, String)>,
}

impl Results {
    /// Reads a field's value; `None` for one without an authserv-id (Exchange Online writes such) or in a version that is not 1. What is
    /// no finding is left out up to the next semicolon. Total: every step takes a character or ends.
    pub fn read(value: &str) -> Option<Results> {
        let mut lexer = Lexer { rest: value };
        let authserv_id = lexer.value(|c| !c.is_whitespace() && !";=()".contains(c))?.to_lowercase();
        // A quoted string may be empty.
        if authserv_id.is_empty() {
            return None;
        }
        match lexer.word(|c| c.is_ascii_digit()) {
            "" | "1" => {}
            _ => return None,
        }
        let mut findings = Vec::new();
        // A method's `=` straight after the name: there was no authserv-id.
        if !lexer.at_end() && !lexer.eat(';') {
            return None;
        }
        while !lexer.at_end() {
            findings.extend(lexer.finding());
            lexer.pass_semicolon();
        }
        Some(Results { authserv_id, findings })
    }

    /// Does it say this of that method?
    fn says(&self, method: &str, result: &str) -> bool {
        self.findings.iter().any(|finding| finding.method == method && finding.result == result)
    }
}

impl Finding {
    /// The first value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The domain of a property whose value is a domain or an address.
    fn domain(&self, name: &str) -> Option<String> {
        let value = self.property(name)?.trim_matches(['<', '>']);
        Some(value.rsplit('@').next().unwrap_or(value).trim_end_matches('.').to_lowercase()).filter(|domain| !domain.is_empty())
    }
}

/// The tokens of a structured field (RFC 5322 section 3.2), with comments left out.
struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    /// Skips white space and comments, which may be nested and hold quoted pairs.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '(' => depth += 1,
                ')' if depth > 0 => depth -= 1,
                '\\' if depth > 0 => drop(chars.next()),
                _ if depth > 0 || c.is_whitespace() => {}
                _ => {
                    self.rest = self.rest.get(at..).unwrap_or_default();
                    return;
                }
            }
        }
        self.rest = "";
    }

    fn at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    /// Takes this character, where it is the next.
    fn eat(&mut self, wanted: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes the characters that belong; may be empty.
    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        self.skip();
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        word
    }

    /// A keyword of RFC 5321 section 4.1.2, as methods, results and properties are.
    fn keyword(&mut self) -> Option<String> {
        let word = self.word(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (!word.is_empty()).then(|| word.to_ascii_lowercase())
    }

    /// A quoted string without its quotes, or the characters that belong to a bare value.
    fn value(&mut self, belongs: impl Fn(char) -> bool) -> Option<String> {
        self.skip();
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let word = self.word(belongs);
            return (!word.is_empty()).then(|| word.to_owned());
        };
        let (mut text, mut chars) = (String::new(), quoted.char_indices());
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = quoted.get(at + 1..).unwrap_or_default();
                    return Some(text);
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                _ => text.push(c),
            }
        }
        self.rest = "";
        None
    }

    /// `method[/version] = result [reason = value] *(ptype.property = value)`. Exchange writes properties without a type, `action=none`.
    fn finding(&mut self) -> Option<Finding> {
        let method = self.keyword()?;
        if self.eat('/') && !matches!(self.word(|c| c.is_ascii_digit()), "1") {
            return None;
        }
        let result = if self.eat('=') { self.keyword()? } else { return None };
        let mut finding = Finding { method, result, properties: Vec::new() };
        while let Some(mut name) = self.keyword() {
            if self.eat('.') {
                name = format!("{name}.{}", self.keyword()?);
            }
            if !self.eat('=') {
                return None;
            }
            finding.properties.push((name, self.value(|c| !c.is_whitespace() && !";()\"".contains(c))?));
        }
        // Something that is no property may turn what was read into its opposite.
        (self.at_end() || self.rest.starts_with(';')).then_some(finding)
    }

    /// Goes behind the next semicolon that is in no comment and no quoted string.
    fn pass_semicolon(&mut self) {
        while !self.at_end() && !self.eat(';') {
            let before = self.rest.len();
            if self.rest.starts_with('"') {
                self.value(|_| false);
            }
            if self.rest.len() == before {
                let mut chars = self.rest.chars();
                chars.next();
                self.rest = chars.as_str();
            }
        }
    }
}

/// The results that stand under one of our border's names, wherever they stand.
fn under_our_name<'a>(fields: impl Iterator<Item = &'a str>, policy: &Policy) -> impl Iterator<Item = Results> {
    let ours = |id: &str| policy.authserv_ids.iter().any(|own| own.eq_ignore_ascii_case(id));
    fields.filter_map(Results::read).filter(move |results| ours(&results.authserv_id))
}

/// What would vouch for From if `authserv_ids` held its name: (name, pass).
///
/// # Errors
/// Why nothing would.
pub fn would_vouch(mail: &Reading) -> Result<(String, String), String> {
    let from = mail.from.as_ref().map_or("", |from| from.address.domain()).to_lowercase();
    let results = |fields| named(fields, "Authentication-Results").filter_map(Results::read).collect::<Vec<_>>();
    let (all, top) = (results(&mail.headers), results(of_the_border(&mail.headers)));
    if let Some(found) = top.iter().find_map(|results| Some((results.authserv_id.clone(), aligned(results, &from)?))) {
        return Ok(found);
    }
    Err(match (all.is_empty(), top.is_empty()) {
        (true, _) => "it has no Authentication-Results".to_owned(),
        (false, true) => {
            "its Authentication-Results do not stand above a Received field of your border, so that a sender may have written them"
                .to_owned()
        }
        (false, false) => format!("its Authentication-Results have no pass for exactly {from}"),
    })
}

/// Does our own border say that From is forged? What others write under their names says nothing.
pub fn dmarc_failed(mail: &Reading, policy: &Policy) -> bool {
    under_our_name(mail.all_headers("Authentication-Results"), policy).any(|results| results.says("dmarc", "fail"))
}

/// Why our border vouches for the domain of From, if it does: by an aligned pass, or by its mark for mail from inside.
pub fn vouched(mail: &Reading, policy: &Policy) -> Option<String> {
    let from = mail.from.as_ref()?.address.domain().to_lowercase();
    let top = of_the_border(&mail.headers);
    let marked =
        policy.internal.iter().find(|(name, value)| named(top, name).any(|found: &str| found.trim().eq_ignore_ascii_case(value.trim())));
    if let Some((name, value)) = marked {
        return Some(format!("our border marks the mail as one from inside ({name}: {value})"));
    }
    under_our_name(named(top, "Authentication-Results"), policy)
        .find_map(|results| Some((aligned(&results, &from)?, results.authserv_id)))
        .map(|(pass, id)| format!("our border {id} reports {pass}"))
}

/// The values of the fields of this name.
fn named<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A pass for exactly this domain. A parent domain would do for DMARC, but who owns which needs a list that changes.
fn aligned(results: &Results, from: &str) -> Option<String> {
    const PASSES: &[(&str, &str)] = &[("dmarc", "header.from"), ("dkim", "header.d"), ("dkim", "header.i"), ("spf", "smtp.mailfrom")];
    results.findings.iter().filter(|finding| finding.result == "pass").find_map(|finding| {
        let (method, property) =
            PASSES.iter().find(|(method, property)| finding.method == *method && finding.domain(property).as_deref() == Some(from))?;
        Some(format!("{method}=pass {property}={from}"))
    })
}

/// What stands above the border's own Received field, where no sender can write. A mail without one tells of no border.
fn of_the_border(headers: &[(String, String)]) -> &[(String, String)] {
    let border = headers.iter().position(|(name, value)| name.eq_ignore_ascii_case("Received") && !within_the_house(value));
    border.and_then(|at| headers.get(..at)).unwrap_or_default()
}

/// A Received field (RFC 5321 section 4.4) of a mail's way within one machine: LMTP from the mail server to the mailbox (RFC 3848), a
/// filter on the loopback address, or a program without any peer. A sender chooses the name after `from`, but neither his address nor
/// what stands behind `by`.
fn within_the_house(received: &str) -> bool {
    let mut lexer = Lexer { rest: received };
    let (mut words, mut last_by) = (Vec::new(), None);
    while !lexer.at_end() && !lexer.rest.starts_with(';') {
        let word = lexer.value(|c| !c.is_whitespace() && !"();\"".contains(c)).map(|word| word.to_ascii_lowercase());
        // A bracket that closes nothing.
        let Some(word) = word.or_else(|| lexer.eat(')').then(String::new)) else { return false };
        if word == "by" {
            last_by = Some(words.len());
        }
        words.push(word);
    }
    let Some(by) = last_by else { return false };
    let protocol = words.iter().skip(by).skip_while(|word| *word != "with").nth(1).map(String::as_str).unwrap_or_default();
    match words.first().map(String::as_str) {
        Some("by") => true,
        Some("from") => matches!(protocol, "lmtp" | "lmtps" | "lmtpa" | "lmtpsa" | "utf8lmtp" | "utf8lmtps") || from_itself(received),
        _ => false,
    }
}

/// Is every address in the from-clause the machine's own?
fn from_itself(received: &str) -> bool {
    let clause = received.split(" by ").next().unwrap_or_default();
    let parts = clause.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    let mut addresses = parts.filter_map(is_loopback).peekable();
    addresses.peek().is_some() && addresses.all(|own| own)
}

/// Is it a loopback address? `None` for what is no address.
fn is_loopback(text: &str) -> Option<bool> {
    let bytes: Vec<u8> = text.split('.').filter_map(|part| part.parse().ok()).collect();
    match bytes.as_slice() {
        [first, _, _, _] if text.matches('.').count() == 3 => Some(*first == 127),
        _ if text.matches(':').count() > 1 => Some(text == "::1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `id: method=result property=value …, …`, or `-`.
    fn shown(value: &str) -> String {
        let Some(results) = Results::read(value) else { return "-".into() };
        let finding = |f: &Finding| {
            let properties: Vec<String> = f.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}={}{}", f.method, f.result, properties.concat())
        };
        format!("{}: {}", results.authserv_id, results.findings.iter().map(finding).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn fields_are_read() {
        for (value, expected) in [
            // The examples of RFC 8601, appendix B.
            ("example.org 1; none", "example.org: "),
            ("example.com; spf=pass smtp.mailfrom=example.net", "example.com: spf=pass smtp.mailfrom=example.net"),
            (
                "example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net",
                "example.com: auth=pass smtp.auth=sender@example.net, spf=pass smtp.mailfrom=example.net",
            ),
            ("example.com; dkim=pass (good signature) header.d=example.com", "example.com: dkim=pass header.d=example.com"),
            (
                "example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net; dkim=fail reason=\"bad; signature\" header.i=@newyork.example.com",
                "example.com: dkim=pass reason=good signature header.i=@mail-router.example.net, dkim=fail reason=bad; signature header.i=@newyork.example.com",
            ),
            (
                "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
                "foo.example.net: dkim=fail policy.expired=1362471462",
            ),
            // Servers in use.
            (
                "mx.google.com; dkim=pass header.i=@corp.test header.s=s1 header.b=\"ab/c+d\"; spf=pass (google.com: domain of li@corp.test designates 192.0.2.1 as permitted sender) smtp.mailfrom=li@corp.test; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=corp.test",
                "mx.google.com: dkim=pass header.i=@corp.test header.s=s1 header.b=ab/c+d, spf=pass smtp.mailfrom=li@corp.test, dmarc=pass header.from=corp.test",
            ),
            (
                "mx.test; dkim=pass header.b=ab/c+d=; dmarc=pass action=none header.from=corp.test;",
                "mx.test: dkim=pass header.b=ab/c+d=, dmarc=pass action=none header.from=corp.test",
            ),
            ("MX.Desk.Test; DMARC=Pass Header.From=Corp.test", "mx.desk.test: dmarc=pass header.from=Corp.test"),
            ("\"mx.desk.test\"; spf=none", "mx.desk.test: spf=none"),
            // Exchange Online: nobody says it.
            ("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=corp.test; dkim=pass header.d=corp.test", "-"),
            ("()\"\"", "-"),
            // Another version; another version of a method.
            ("mx.test 2; dmarc=pass header.from=corp.test", "-"),
            ("mx.test; dmarc/2=pass header.from=corp.test; spf=pass", "mx.test: spf=pass"),
            // What hides in comments, strings and beside the grammar is nothing.
            ("mx.test; spf=fail (dmarc=pass header.from=corp.test; ) ; x", "mx.test: spf=fail"),
            (
                "mx.test; spf=fail reason=\"; dmarc=pass header.from=corp.test\"",
                "mx.test: spf=fail reason=; dmarc=pass header.from=corp.test",
            ),
            ("mx.test; spf=fail (a (b) \\) ; dmarc=pass) smtp.mailfrom=x", "mx.test: spf=fail smtp.mailfrom=x"),
            ("mx.test; dmarc=pass header.from=corp.test , but not really; spf=pass", "mx.test: spf=pass"),
            ("mx.test; \"dmarc=pass header.from=corp.test\"; spf=pass", "mx.test: spf=pass"),
            ("mx.test; dmarc=pass header.from=\"corp.test", "mx.test: "),
            ("mx.test (never closed; dmarc=pass", "mx.test: "),
            ("mx.test", "mx.test: "),
            ("mx.test dmarc=pass", "-"),
            ("; dmarc=pass", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn passes_count_for_the_very_domain() {
        for (value, pass) in [
            ("mx.test; dmarc=pass header.from=desk.test", Some("dmarc=pass header.from=desk.test")),
            ("mx.test; dmarc=pass header.from=<li@Desk.test.>", Some("dmarc=pass header.from=desk.test")),
            ("mx.test; dkim=fail header.d=desk.test; dkim=pass header.d=desk.test", Some("dkim=pass header.d=desk.test")),
            ("mx.test; dkim=pass header.i=@desk.test", Some("dkim=pass header.i=desk.test")),
            ("mx.test; spf=pass smtp.mailfrom=bounce@desk.test", Some("spf=pass smtp.mailfrom=desk.test")),
            ("mx.test; dmarc=pass", None),
            ("mx.test; dmarc=pass header.from=evil.test", None),
            ("mx.test; dkim=pass header.d=mail.desk.test", None),
            ("mx.test; dkim=pass header.d=test", None),
            ("mx.test; dkim=pass header.d=evildesk.test", None),
            ("mx.test; dkim=fail header.d=desk.test; spf=pass smtp.mailfrom=evil.test", None),
            ("mx.test; spf=pass smtp.helo=desk.test", None),
            ("mx.test; spf=softfail smtp.mailfrom=desk.test", None),
            ("mx.test; arc=pass header.d=desk.test", None),
            ("mx.test; none", None),
        ] {
            let results = Results::read(value).unwrap();
            assert_eq!(aligned(&results, "desk.test").as_deref(), pass, "{value}");
        }
    }

    #[test]
    fn the_borders_own_received_is_the_first_that_came_from_elsewhere() {
        for (received, inside) in [
            ("from mx.desk.test (localhost [127.0.0.1]) by mx.desk.test (Postfix) with ESMTP id 1; Tue, 1 Dec 2026", true),
            ("from localhost ([::1]) by mx.desk.test with ESMTP", true),
            ("from mx.desk.test by mail.desk.test with LMTP id abc (envelope-from <a@b>)", true),
            ("from mx (unknown [172.18.0.5]) by mail with LMTPS id abc; x", true),
            ("by 2002:a05:6a00:1 with SMTP id x; Tue, 1 Dec 2026", true),
            ("from evil.test (evil.test [203.0.113.5]) by mx.desk.test (Postfix) with ESMTPS id 1; Tue", false),
            // A sender chooses his name, and the recipient of an envelope.
            ("from localhost (unknown [203.0.113.5]) by mx.desk.test with ESMTP", false),
            ("from 127.0.0.1 (unknown [203.0.113.5]) by mx.desk.test with ESMTP", false),
            ("from [127.0.0.1] (helo=x) ([203.0.113.5]) by mx.desk.test with ESMTP", false),
            ("from x by y with LMTP (evil [203.0.113.5]) by mx.desk.test with ESMTP id 1", false),
            ("from x (evil [203.0.113.5]) by mx.desk.test (with LMTP) with ESMTP id 1 for <\"by x with LMTP\"@desk.test>", false),
            ("from evil.test by mx.desk.test with SMTP", false),
            ("from mx.desk.test (10.0.0.5) by mailbox.desk.test with ESMTP", false),
            ("from 2002:7f00::1 by mx.desk.test with SMTP", false),
            ("with LMTP", false),
            ("", false),
        ] {
            assert_eq!(within_the_house(received), inside, "{received}");
        }
    }

    proptest::proptest! {
        /// Any bytes are read, and no finding is made of what stands in a comment or a quoted string.
        #[test]
        fn total(value in "(?s).{0,200}", hidden in "[a-z=; .()\"\\\\]{0,40}") {
            let _ = (Results::read(&value), within_the_house(&value));
            let quoted = hidden.replace(['"', '\\'], "");
            let read = Results::read(&format!("mx.test; spf=fail reason=\"{quoted}\"; dmarc=none")).unwrap();
            proptest::prop_assert_eq!(read.findings.len(), 2);
        }

        /// What is a field by the grammar is read as it was meant, whatever comments and folds stand between.
        #[test]
        fn written_is_read(method in "[a-z]{1,8}", result in "[a-z]{1,8}", value in "[a-z0-9.@/+-]{1,20}", gap in "( |\t|\r\n | \\(a\\(b\\)\\) ){1,3}") {
            let field = format!("mx.test{gap}1{gap};{gap}{method}{gap}={gap}{result}{gap}header{gap}.{gap}d{gap}={gap}{value}{gap}");
            let properties = vec![("header.d".to_owned(), value)];
            let finding = Finding { method, result, properties };
            proptest::prop_assert_eq!(Results::read(&field).unwrap().findings, vec![finding]);
        }
    }
}
