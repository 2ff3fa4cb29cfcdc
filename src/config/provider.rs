//! Mail providers that many people use: their servers, and the one thing to know before the first login.
//!
//! What stands here is what the providers publish; `doctor` tells whether it is still so.

use super::Tls;

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// What people call it.
    pub name: &'static str,
    /// Domains of addresses that are its own.
    domains: &'static [&'static str],
    /// IMAP host and port; TLS from the first byte.
    pub imap: (&'static str, u16),
    /// SMTP host, port and TLS.
    pub smtp: (&'static str, u16, Tls),
    /// The one thing to know, in English and in Chinese.
    pub note: (&'static str, &'static str),
}

impl Provider {
    /// It takes mail from the login's own address alone, unless somebody allows more there.
    pub fn wants_own_sender(&self) -> bool {
        !matches!(self.name, "Gmail" | "Fastmail" | "iCloud")
    }
}

const CODE: (&str, &str) = (
    "the password is not the one for the web but an authorization code: in the web settings, under POP3/IMAP/SMTP, switch IMAP on and make one",
    "密码不是网页登录密码，而是授权码：请在网页版设置的“POP3/IMAP/SMTP”中开启 IMAP 服务并生成授权码",
);

const PROVIDERS: [Provider; 10] = [
    Provider {
        name: "QQ Mail",
        domains: &["qq.com", "foxmail.com", "vip.qq.com"],
        imap: ("imap.qq.com", 993),
        smtp: ("smtp.qq.com", 465, Tls::Implicit),
        note: CODE,
    },
    Provider {
        name: "NetEase 163",
        domains: &["163.com"],
        imap: ("imap.163.com", 993),
        smtp: ("smtp.163.com", 465, Tls::Implicit),
        note: CODE,
    },
    Provider {
        name: "NetEase 126",
        domains: &["126.com"],
        imap: ("imap.126.com", 993),
        smtp: ("smtp.126.com", 465, Tls::Implicit),
        note: CODE,
    },
    Provider {
        name: "NetEase yeah.net",
        domains: &["yeah.net"],
        imap: ("imap.yeah.net", 993),
        smtp: ("smtp.yeah.net", 465, Tls::Implicit),
        note: CODE,
    },
    Provider {
        name: "Tencent Exmail",
        domains: &[],
        imap: ("imap.exmail.qq.com", 993),
        smtp: ("smtp.exmail.qq.com", 465, Tls::Implicit),
        note: (
            "where secure login is on, the password is a client password, made in the web settings; IMAP must be switched on there",
            "开启安全登录时，密码是在网页版设置中生成的客户端专用密码；IMAP 服务也在那里开启",
        ),
    },
    Provider {
        name: "Aliyun Mail",
        domains: &[],
        imap: ("imap.qiye.aliyun.com", 993),
        smtp: ("smtp.qiye.aliyun.com", 465, Tls::Implicit),
        note: (
            "the administrator may have to allow third-party clients, and then a client password is the one to use",
            "第三方客户端可能要由管理员开通，此时请使用三方客户端安全密码",
        ),
    },
    Provider {
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        imap: ("imap.gmail.com", 993),
        smtp: ("smtp.gmail.com", 465, Tls::Implicit),
        note: (
            "the password is an app password (myaccount.google.com/apppasswords), which needs two-step verification",
            "密码是应用专用密码（myaccount.google.com/apppasswords），须先开启两步验证",
        ),
    },
    Provider {
        name: "Microsoft 365",
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com", "onmicrosoft.com"],
        imap: ("outlook.office365.com", 993),
        smtp: ("smtp.office365.com", 587, Tls::Starttls),
        note: (
            "it takes no passwords for IMAP any more: write token_command, a command that prints an OAuth access token",
            "IMAP 已不再接受密码：请配置 token_command，即一条输出 OAuth 访问令牌的命令",
        ),
    },
    Provider {
        name: "Fastmail",
        domains: &["fastmail.com", "fastmail.fm"],
        imap: ("imap.fastmail.com", 993),
        smtp: ("smtp.fastmail.com", 465, Tls::Implicit),
        note: (
            "the password is an app password with access to mail: Settings, Privacy & Security",
            "密码是具有邮件权限的应用专用密码：Settings → Privacy & Security",
        ),
    },
    Provider {
        name: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: ("imap.mail.me.com", 993),
        smtp: ("smtp.mail.me.com", 587, Tls::Starttls),
        note: ("the password is an app-specific password, made at account.apple.com", "密码是在 account.apple.com 生成的 App 专用密码"),
    },
];

/// The provider that one of these hosts belongs to; without a host, the one of the address's domain.
pub fn of<'a>(hosts: impl IntoIterator<Item = &'a str>, domain: Option<&str>) -> Option<&'static Provider> {
    let mut hosts = hosts.into_iter().peekable();
    if hosts.peek().is_some() {
        return hosts
            .find_map(|host| PROVIDERS.iter().find(|p| host.eq_ignore_ascii_case(p.imap.0) || host.eq_ignore_ascii_case(p.smtp.0)));
    }
    let domain = domain?;
    PROVIDERS.iter().find(|p| p.domains.iter().any(|own| domain == *own || domain.ends_with(&format!(".{own}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_hosts_else_by_the_domain() {
        let none: [&str; 0] = [];
        for (hosts, domain, name) in [
            (&none[..], Some("qq.com"), Some("QQ Mail")),
            (&none, Some("contoso.onmicrosoft.com"), Some("Microsoft 365")),
            (&none, Some("example.com"), None),
            (&none, Some("notqq.com"), None),
            (&none, None, None),
            (&["IMAP.exmail.qq.com"], Some("example.com"), Some("Tencent Exmail")),
            (&["mail.example.com", "smtp.qiye.aliyun.com"], Some("example.com"), Some("Aliyun Mail")),
            // Somebody's own server, for an address that looks like a provider's.
            (&["localhost"], Some("qq.com"), None),
        ] {
            assert_eq!(of(hosts.iter().copied(), domain).map(|p| p.name), name, "{hosts:?} {domain:?}");
        }
    }

    #[test]
    fn every_provider_speaks_both_languages() {
        for provider in &PROVIDERS {
            let (en, zh) = provider.note;
            assert!(en.is_ascii() && !zh.is_ascii(), "{}", provider.name);
        }
    }
}
