//! Tables: a config's text → what is complained of, and where.

use chrono::Duration;

use super::*;
use crate::domain::policy::Role;
use crate::domain::ticket::Level;

fn load(text: &str) -> Result<Read, Vec<Complaint>> {
    read(Path::new("config.toml"), text)
}

/// A whole small config: what the README shows.
const SMALL: &str = r#"[desk]
name = "IT Support"

[[mailbox]]
name = "support"
address = "support@desk.example"
source = { kind = "imap", host = "imap.desk.example", user = "support@desk.example", password_command = "pass show support" }

[delivery]
kind = "smtp"
host = "smtp.desk.example"
user = "support@desk.example"
password_command = "pass show support"

[[agent]]
handle = "li"
name = "Li Wei"
address = "li@desk.example"
role = "lead"
"#;

#[test]
fn twenty_lines_are_enough() {
    assert!(SMALL.lines().count() <= 20);
    let read = load(SMALL).unwrap();
    assert_eq!(read.warnings, []);
    let config = read.config;
    assert_eq!((config.desk.language.as_str(), config.desk.timezone.name(), config.desk.ticket_prefix.as_str()), ("en", "UTC", "#"));
    assert_eq!(config.data, Path::new("data"));
    let categories: Vec<&str> = config.categories.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(categories.first(), Some(&"hardware"));
    assert_eq!(categories.len(), 14);
    assert_eq!(config.teams.len(), 1);
    assert_eq!(config.agents[0].team.as_deref(), Some("support"));
    let mailbox = &config.mailboxes[0];
    assert_eq!((mailbox.start, mailbox.mark, mailbox.plus_addresses), (Start::Now, Mark::None, false));
    let Source::Imap(imap) = &mailbox.source else { panic!() };
    assert_eq!((imap.port, imap.tls, imap.idle, imap.poll.as_secs()), (993, Tls::Implicit, true, 60));
    assert_eq!(imap.folders, ["INBOX"]);
    let Delivery::Smtp(smtp) = &mailbox.delivery else { panic!() };
    assert_eq!((smtp.port, smtp.connections, smtp.rate), (465, 2, None));
    assert_eq!(config.limits.message_size, 25 << 20);
    assert_eq!(config.limits.per_ticket[0], (Duration::minutes(10), 5));
    assert_eq!(config.closing.close, Duration::days(7));
    assert_eq!(config.matrix.priority(Level::High, Level::High), Priority::Urgent);
}

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The example with every setting that is commented out taken in.
fn whole_example(dir: &Path) -> String {
    let setting = |line: &str| {
        line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')).map(str::to_owned)
    };
    let lines: Vec<String> = EXAMPLE.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned())).collect();
    let ca = dir.join("ca.pem");
    std::fs::write(&ca, "").unwrap();
    for name in ["rules", "templates", "kb"] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
    }
    lines.join("\n").replace("/etc/ssl/company-ca.pem", &ca.display().to_string())
}

#[test]
fn the_example_is_valid_as_it_is_and_with_every_setting() {
    let read = load(EXAMPLE).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    assert!(read.warnings.iter().all(|w| w.message.contains("not set here")), "{:?}", read.warnings);
    let dir = std::env::temp_dir().join(format!("postdesk-example-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = whole_example(&dir);
    let config = super::read(&dir.join("config.toml"), &text).unwrap_or_else(|wrong| panic!("{}", wrong[0])).config;
    assert_eq!(config.agents[1].role, Role::Lead);
    assert_eq!(config.approvers[0].scope, ["permission"]);
    assert_eq!(config.calendar.unwrap().hours.len(), 2);
    assert_eq!(config.sla[&Priority::Urgent].first_response, Some(Duration::minutes(30)));
    assert_eq!(config.data, dir.join("data"));
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Every key that a table knows stands in the example: the tables tell by complaining of a key that they do not know.
#[test]
fn the_example_shows_every_key() {
    let dir = std::env::temp_dir().join(format!("postdesk-example-keys-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = whole_example(&dir);
    std::fs::remove_dir_all(&dir).unwrap();
    let mut probed = String::new();
    for line in text.lines() {
        probed.push_str(line);
        probed.push('\n');
        if line.starts_with('[') {
            probed.push_str("zzzzzzzz = 1\n");
        }
    }
    let wrong = load(&probed).unwrap_err();
    let told: Vec<&Complaint> = wrong.iter().filter(|c| c.message.contains("zzzzzzzz")).collect();
    assert_eq!(told.len(), probed.matches("zzzzzzzz").count(), "{told:?}");
    for complaint in told {
        let keys = complaint.help.rsplit_once("here: ").unwrap().1;
        for key in keys.split(", ") {
            let shown = EXAMPLE.contains(&format!("{key} =")) || EXAMPLE.contains(&format!("{key}]"));
            assert!(shown, "{}: `{key}` does not stand in config.example.toml", complaint.message);
        }
    }
}

/// What each change to the small config is told: (text, replaced by, `line:column`, words of message or help).
#[test]
fn complaints_name_place_and_remedy() {
    let agent = "\n[[agent]]\nhandle = \"li\"\n";
    let cases: &[(&str, &str, &str, &str)] = &[
        // Keys.
        ("name = \"IT Support\"", "nam = \"IT Support\"", "2:1", "did you mean \"name\"?"),
        ("name = \"IT Support\"", "tz = \"UTC\"", "2:1", "did you mean `timezone`?"),
        ("[desk]", "[dsek]", "1:2", "did you mean \"desk\"?"),
        ("user = \"support@desk.example\"\n", "username = \"s\"\n", "12:1", "did you mean `user`?"),
        ("kind = \"smtp\"", "kind = \"smpt\"", "10:8", "did you mean \"smtp\"?"),
        ("kind = \"imap\"", "kind = \"pop3\"", "7:19", "one of imap, maildir"),
        // Kinds of values.
        ("name = \"IT Support\"", "name = 5", "2:8", "write name = \"5\""),
        ("name = \"IT Support\"", "name = \"\"", "2:8", "is empty"),
        ("name = \"IT Support\"", "name = \"IT\\nBcc: x\"", "2:8", "on one line"),
        ("[[mailbox]]", "[mailbox]", "4:2", "[[mailbox]] with double brackets"),
        ("[delivery]", "[[delivery]]", "9:3", "[delivery] with single brackets"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nconnections = \"4\"", "11:15", "without quotes"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nconnections = 0", "11:15", "out of bounds: 0"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nconnections = 21", "11:15", "write a number from 1 to 20"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nkind = \"smtp\"", "11:1", "keep one of the two"),
        ("kind = \"imap\"", "kind = \"imap\", idle = \"yes\"", "7:34", "idle = true"),
        ("kind = \"imap\"", "kind = \"imap\", folders = \"INBOX\"", "7:37", "folders = [\"INBOX\"]"),
        ("kind = \"imap\"", "kind = \"imap\", poll = 60", "7:34", "with its unit"),
        // Syntax.
        ("name = \"IT Support\"", "name = IT Support", "2:8", "text needs quotes"),
        ("name = \"IT Support\"", "name = “IT Support”", "2:8", "straight quotes"),
        ("name = \"IT Support\"", "name: \"IT Support\"", "2:5", "equals sign"),
        ("name = \"IT Support\"", "name ＝ \"IT Support\"", "2:6", "half width"),
        ("name = \"IT Support\"", "data = \"C:\\desk\"", "2:", "backslash"),
        ("role = \"lead\"", "role = \"lead\"\nrole = \"agent\"", "20:1", "duplicate key"),
        // Values.
        ("[desk]", "[desk]\nlanguage = \"cn\"", "2:12", "did you mean \"zh\"?"),
        ("[desk]", "[desk]\ntimezone = \"Asia/Shanghia\"", "2:12", "did you mean \"Asia/Shanghai\"?"),
        ("[desk]", "[desk]\nticket_prefix = \"[\"", "2:17", "no prefix"),
        ("[desk]", "[desk]\nrules = \"nowhere\"", "2:9", "make the directory"),
        ("[desk]", "[desk]\ndata = \"Cargo.toml\"", "2:8", "name of a directory"),
        ("address = \"li@desk.example\"", "address = \"Li <li@desk.example>\"", "18:11", "\"li@desk.example\""),
        ("handle = \"li\"", "handle = \"Li Wei\"", "16:10", "a-z"),
        ("role = \"lead\"", "role = \"boss\"", "19:8", "one of agent, lead"),
        ("name = \"support\"", "name = \"support\"\nstart = \"yesterday\"", "6:9", "2026-12-01"),
        ("name = \"support\"", "name = \"support\"\nmark = \"read\"", "6:8", "none, seen, keyword"),
        ("name = \"support\"", "name = \"support\"\nreply_address = \"x+{token}@desk.example\"", "6:17", "support+{token}@desk.example"),
        // What would be read twice.
        ("name = \"support\"", "name = \"support\"\ndone_folder = \"inbox\"", "6:15", "without end"),
        ("kind = \"imap\"", "kind = \"imap\", folders = [\"INBOX\", \"Inbox\"]", "7:47", "stands here twice"),
        (
            "[delivery]",
            "[[mailbox]]\nname = \"b\"\naddress = \"b@desk.example\"\nsource = { kind = \"imap\", host = \"IMAP.desk.example\", \
             user = \"support@desk.example\", password_command = \"a\" }\n[delivery]",
            "9:1",
            "reads a folder that \"support\" reads",
        ),
        // What is missing.
        ("handle = \"li\"\n", "", "15:1", "has no `handle`"),
        ("address = \"support@desk.example\"\n", "", "4:1", "has no `address`"),
        ("host = \"smtp.desk.example\"\n", "", "9:1", "host = \"smtp.example.com\""),
        // Secrets.
        ("password_command = \"pass show support\"\n", "", "9:1", "has no password"),
        ("password_command = \"pass show support\"\n", "password = \"hunter2\"\n", "13:1", "never stand in this file"),
        ("password_command = \"pass show support\"\n", "password_env = \"hunter2!\"\n", "13:16", "the variable's name, not the password"),
        ("user = \"support@desk.example\"\npass", "pass", "9:1", "no `user`"),
        (
            "password_command = \"pass show support\"\n", "password_command = \"a\"\npassword_file = \"Cargo.toml\"\n", "13:1",
            "keep one of them",
        ),
        // Servers.
        ("host = \"smtp.desk.example\"", "host = \"smtps://smtp.desk.example\"", "11:8", "host = \"smtp.desk.example\""),
        ("kind = \"smtp\"", "kind = \"smtp\"\ntls = \"none\"", "11:7", "allow_plaintext = true"),
        ("kind = \"smtp\"", "kind = \"smtp\"\ntls = \"SSL\"", "11:7", "did you mean \"implicit\"?"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nport = 70000", "11:8", "from 1 to 65535"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nca_file = \"no.pem\"", "11:11", "there is no file no.pem"),
        ("kind = \"smtp\"", "kind = \"smtp\"\nrate = \"0/1m\"", "11:8", "no mail would ever go out"),
        // People.
        ("role = \"lead\"", "team = \"netwrok\"", "19:8", "there is no team \"netwrok\""),
        ("address = \"li@desk.example\"", "address = \"support@desk.example\"", "18:11", "write to itself without end"),
        ("address = \"li@desk.example\"", "address = \"Support+x@desk.example\"", "18:11", "write to itself without end"),
        ("[desk]", "[operator]\naddress = \"support@desk.example\"\n[desk]", "2:11", "write to itself without end"),
        (
            agent,
            "\n[[agent]]\nhandle = \"li\"\naddress = \"a@desk.example\"\n[[agent]]\nhandle = \"li\"\n",
            "19:10",
            "a second agent is called \"li\"",
        ),
        (agent, "\n[[agent]]\nhandle = \"he\"\naddress = \"li@desk.example\"\n[[agent]]\nhandle = \"li\"\n", "21:11", "tell the two apart"),
        ("role = \"lead\"", "aliases = [\"li@desk.example\"]", "19:12", "beside `address`"),
        ("[delivery]", "[[team]]\nname = \"network\"\nlead = \"lii\"\n[delivery]", "11:8", "did you mean \"li\"?"),
        (
            "[delivery]",
            "[[team]]\nname = \"a\"\ndefault = true\n[[team]]\nname = \"b\"\ndefault = true\n[delivery]",
            "14:1",
            "one default team",
        ),
        ("[delivery]", "[[category]]\nid = \"vpn\"\nteam = \"vnp\"\n[delivery]", "11:8", "[[team]]  with  name = \"vnp\""),
        ("[delivery]", "[[category]]\nid = \"two words\"\n[delivery]", "10:6", "without spaces"),
        ("[delivery]", "[[approver]]\nhandle = \"li\"\naddress = \"o@desk.example\"\n[delivery]", "10:10", "another handle"),
        (
            "[delivery]",
            "[[approver]]\nhandle = \"o\"\naddress = \"o@desk.example\"\nscope = [\"netwrk\"]\n[delivery]",
            "12:10",
            "did you mean \"network\"?",
        ),
        // The rest.
        ("[delivery]", "[priority]\nmatrix = [[\"low\"]]\n[delivery]", "10:10", "three rows"),
        (
            "[delivery]",
            "[priority]\nmatrix = [[\"low\",\"low\",\"low\"],[\"low\",\"hihg\",\"low\"],[\"low\",\"low\",\"low\"]]\n[delivery]",
            "10:38",
            "did you mean \"high\"?",
        ),
        ("[delivery]", "[rules]\nthreshold = 0\n[delivery]", "10:13", "from 1 to 1000"),
        ("[delivery]", "[calendar]\nhours = [\"always\"]\n[delivery]", "10:10", "mon-fri 09:00-18:00"),
        ("[delivery]", "[sla.hihg]\nupdate = \"4h\"\n[delivery]", "9:6", "did you mean \"high\"?"),
        ("[delivery]", "[calendar]\nholidays = [\"2026-12-25\"]\n[delivery]", "9:1", "mon-fri 09:00-18:00"),
        ("[delivery]", "[sla.high]\nresolution = \"400d\"\n[delivery]", "10:14", "a shorter one"),
        ("[delivery]", "[sla.high]\nupdate = \"4\"\n[delivery]", "10:10", "with its unit"),
        ("[delivery]", "[closing]\nclose = \"0d\"\n[delivery]", "10:9", "too short"),
        ("[delivery]", "[limits]\nper_address = [\"10\"]\n[delivery]", "10:16", "\"10/1h\""),
        ("[delivery]", "[limits]\nper_ticket = []\n[delivery]", "10:1", "without end"),
        ("[delivery]", "[limits]\nmessage_size = \"big\"\n[delivery]", "10:16", "\"25MB\""),
        ("[delivery]", "[trust]\ninternal = [{ header = \"X\" }]\n[delivery]", "10:13", "has no `value`"),
        ("[delivery]", "[[summary]]\nname = \"d\"\nschedule = \"0 8 * *\"\n[delivery]", "11:12", "minute, hour, day"),
        (
            "[delivery]",
            "[[summary]]\nname = \"d\"\nreport = \"dayly\"\nschedule = \"0 8 * * *\"\n[delivery]",
            "11:10",
            "did you mean \"daily\"?",
        ),
        ("[delivery]", "[[summary]]\nname = \"d\"\nto = [\"lii\"]\nschedule = \"0 8 * * *\"\n[delivery]", "11:7", "did you mean \"li\"?"),
    ];
    for (from, to, place, words) in cases {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        let wrong = load(&text).expect_err(&text);
        let shown: Vec<String> = wrong.iter().map(Complaint::to_string).collect();
        let hit = shown.iter().any(|s| s.starts_with(&format!("config.toml:{place}")) && s.contains(words));
        assert!(hit, "wanted {place} {words}\n{}", shown.join("\n"));
        assert!(!shown.concat().contains("hunter2"), "{shown:?}");
        assert!(wrong.len() <= 2, "one slip, many words:\n{}", shown.join("\n"));
        assert!(wrong.iter().all(|c| !c.help.is_empty()), "every complaint has a remedy:\n{}", shown.join("\n"));
    }
}

#[test]
fn folders_and_accounts_of_their_own_are_no_slip() {
    let folders = "folders = [\"Support\", \"support\"], kind = \"imap\"";
    let other = "[[mailbox]]\nname = \"b\"\naddress = \"b@desk.example\"\nsource = { kind = \"imap\", host = \"imap.desk.example\", \
                 user = \"support@desk.example\", password_command = \"a\" }\n[delivery]";
    let text =
        SMALL.replacen("kind = \"imap\"", folders, 1).replacen("name = \"support\"", "name = \"support\"\ndone_folder = \"INBOX\"", 1);
    load(&text.replacen("[delivery]", other, 1)).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
}

#[test]
fn nothing_at_all_is_told_what_to_add() {
    let wrong = load("").unwrap_err();
    assert!(wrong[0].to_string().contains("[[mailbox]]"), "{}", wrong[0]);
}

#[test]
fn all_mistakes_come_at_once_in_order() {
    let text = SMALL
        .replace("name = \"IT Support\"", "nam = \"IT\"\ntimezone = \"Mars\"")
        .replace("kind = \"smtp\"", "kind = \"smtp\"\ntls = \"ssl\"")
        .replace("handle = \"li\"", "handle = \"LI\"");
    let places: Vec<usize> = load(&text).unwrap_err().iter().map(|c| c.line).collect();
    assert_eq!(places, [2, 3, 12, 18]);
}

#[test]
fn warnings_do_not_stop_the_desk() {
    for (from, to, words) in [
        ("kind = \"smtp\"", "kind = \"smtp\"\nport = 587", "usually speaks the other kind"),
        ("password_command = \"pass show support\"\n", "password_env = \"POSTDESK_SURELY_UNSET\"\n", "not set here"),
        ("password_command = \"pass show support\"\n", "password_file = \"no-such-file\"\n", "there is no file"),
        ("role = \"lead\"", "role = \"lead\"\n[operator]\ncanary = \"10s\"", "writes to itself 8640 times a day"),
        ("role = \"lead\"", "role = \"lead\"\n[sla.high]\nupdate = \"4h\"", "the clocks run day and night"),
        (
            "role = \"lead\"",
            "role = \"lead\"\n[sla.low]\nfirst_response = \"8h\"\nresolution = \"4h\"",
            "solved before it has to be answered",
        ),
        (
            "[delivery]",
            "[[mailbox]]\nname = \"m\"\naddress = \"m@desk.example\"\nmark = \"keyword\"\n\
             source = { kind = \"maildir\", path = \"m\" }\n[delivery]",
            "a Maildir has no keywords",
        ),
        (
            "role = \"lead\"",
            "role = \"lead\"\nteam = \"a\"\n[[team]]\nname = \"a\"\n[[team]]\nname = \"b\"",
            "nobody belongs to team \"b\"",
        ),
        ("role = \"lead\"", "[[team]]\nname = \"a\"\nlead = \"li\"\n[[team]]\nname = \"b\"\nlead = \"li\"", "belongs to no team"),
    ] {
        let text = SMALL.replacen(from, to, 1);
        let read = load(&text).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        assert!(read.warnings.iter().any(|w| w.to_string().contains(words)), "{words}: {:?}", read.warnings);
    }
}

#[test]
fn values_are_read() {
    let text = SMALL
        .replace("name = \"support\"", "name = \"support\"\nstart = 2026-12-01\nreply_address = \"support+{token}@desk.example\"")
        .replace("name = \"IT Support\"", "timezone = \"Asia/Shanghai\"\ndata = \"/var/lib/postdesk\"")
        .replace("host = \"smtp.desk.example\"", "host = \"127.0.0.1\"\ntls = \"none\"\nrate = \"60/1m\"")
        .replace("pass show support\" }", "x\", tls = \"starttls\", poll = \"5m\", folders = [\"INBOX\", \"工单\"] }");
    let config = super::read(Path::new("/etc/postdesk/config.toml"), &text).unwrap_or_else(|wrong| panic!("{}", wrong[0])).config;
    assert_eq!(config.data, Path::new("/var/lib/postdesk"));
    assert_eq!(config.directories.rules, Path::new("/etc/postdesk/rules"));
    let mailbox = &config.mailboxes[0];
    let Start::Since(since) = mailbox.start else { panic!() };
    assert_eq!(since.to_rfc3339(), "2026-11-30T16:00:00+00:00");
    assert!(mailbox.plus_addresses);
    let Source::Imap(imap) = &mailbox.source else { panic!() };
    assert_eq!((imap.port, imap.poll.as_secs(), imap.folders.len()), (143, 300, 2));
    let Delivery::Smtp(smtp) = &mailbox.delivery else { panic!() };
    assert_eq!((smtp.port, smtp.tls, smtp.rate.unwrap().mails), (25, Tls::None, 60));
}

#[test]
fn a_mailbox_may_deliver_by_itself() {
    let (before, rest) = SMALL.split_once("[delivery]").unwrap();
    let (_, agents) = rest.split_once("[[agent]]").unwrap();
    let own = "[mailbox.delivery]\nkind = \"maildir\"\npath = \"sent\"\n\n";
    let text = format!("{before}{own}[[agent]]{agents}");
    let config = load(&text).unwrap().config;
    assert_eq!(config.mailboxes[0].delivery, Delivery::Maildir { path: "sent".into() });
    let without = text.replace(own, "");
    let wrong = load(&without).unwrap_err();
    assert!(wrong[0].message.contains("no way to send"), "{}", wrong[0]);
}

proptest::proptest! {
    /// Any bytes are read without a panic, and every complaint lies within the text.
    #[test]
    fn any_text_is_read(text in "[\\[\\]a-z=\"'\n#{}., 　é密0-9]{0,200}") {
        if let Err(wrong) = load(&text) {
            for complaint in wrong {
                let _ = complaint.to_string();
                proptest::prop_assert!(complaint.line <= text.lines().count() + 1);
            }
        }
    }
}

#[test]
fn a_day_of_a_target_is_a_days_work() {
    let with = |calendar: &str| {
        let text =
            SMALL.replace("[delivery]", &format!("{calendar}\n[sla.low]\nfirst_response = \"1d\"\nresolution = \"2w1h\"\n[delivery]"));
        let targets = load(&text).unwrap().config.sla[&Priority::Low];
        (targets.first_response.unwrap().num_hours(), targets.resolution.unwrap().num_hours())
    };
    assert_eq!(with(""), (24, 337));
    assert_eq!(with("[calendar]\nhours = [\"mon-thu 09:00-12:00\", \"mon-thu 13:00-18:00\", \"fri 09:00-12:00\"]"), (8, 71));
}
