//! The causes of no answer at all.

use super::super::asking::Ask;
use super::super::http::{Distrust, Trouble};
use super::super::reach::Way;
use super::super::url::Url;
use super::super::{Cause, Kind};
use super::Case;
use super::stack::ANEW;

impl<'a> Case<'a> {
    pub(super) fn trouble(&self, trouble: &Trouble) -> Cause {
        let way = self.check.way().map(Way::address).unwrap_or_default();
        match trouble {
            Trouble::UnknownHost(host) => Cause::new("dns", format!("the name {host} is not known"))
                .help("is it spelled right, and does DNS have it?"),
            Trouble::SlowName(host, time) => {
                let message = format!("it is not known within {} s whether there is a name {host}", time.as_secs_f64());
                Cause::new("dns", message).help("do the name servers of this machine answer?")
            }
            Trouble::Refused => self.of_way().unwrap_or_else(|| {
                Cause::new("refused", format!("nothing listens on {way}"))
                    .help("does the stack run, and is the port published there?")
            }),
            Trouble::Timeout(time) => {
                let apart = self.of_service().or_else(|| self.apart());
                apart.unwrap_or_else(|| {
                    let seconds = time.as_secs_f64();
                    Cause::new("timeout", format!("no answer within {seconds} s from {way}"))
                        .log(self.complaints(&[&self.check.service, &self.own_router()]))
                })
            }
            Trouble::Closed if self.check.kind == Kind::Connection => self.of_service().unwrap_or_else(|| {
                let service = &self.check.service;
                let port = self.check.wanted.port.map_or_else(String::new, |port| format!(" {port}"));
                Cause::new(
                    "not-listening",
                    format!("{way} is closed at once: nothing listens on the port{port} of `{service}`"),
                )
                .help("does it listen there, and on 0.0.0.0, not on 127.0.0.1 alone?")
            }),
            Trouble::Closed => self.of_service().unwrap_or_else(|| {
                Cause::new("closed", format!("{way} closes the connection without an answer"))
                    .help("does it speak HTTP, and on 0.0.0.0, not on 127.0.0.1 alone?")
            }),
            Trouble::Certificate(distrust) => self.certificate(*distrust),
            Trouble::Tls(why) => Cause::new("tls", format!("TLS comes to nothing with {way}: {why}"))
                .help("does TLS listen on this port?"),
            Trouble::Loop(been) => Cause::new("redirect-loop", "its redirects lead in a circle".to_owned())
                .log(been.iter().map(|url| self.scene.secrets.hide(url)))
                .help("who redirects may not know that HTTPS ends at the proxy: it has to believe X-Forwarded-Proto"),
            Trouble::Away(to) => self.away(to),
            Trouble::Other(why) => Cause::new("no-answer", format!("{way}: {why}")),
        }
    }

    pub(super) fn away(&self, to: &str) -> Cause {
        let shown = self.scene.secrets.hide(to);
        let status = self.exchange.hops.last().map_or(0, |(status, _)| *status);
        let url = Url::parse(to);
        let own_host = match (&self.check.ask, &url) {
            (Ask::Request { url: own, .. }, Some(url)) => own.host.eq_ignore_ascii_case(&url.host),
            _ => false,
        };
        if let Some(url) = url.filter(|_| own_host) {
            let ports: Vec<String> = self.scene.public_ports.iter().map(u16::to_string).collect();
            let message = format!(
                "it redirects to {shown}, and nothing of the stack is published on port {}: there is {}",
                url.port,
                crate::diagnostics::words::and(&ports)
            );
            return Cause::new("redirect-port", message).help(ANEW);
        }
        let message = format!("it redirects to {shown}, which is not of this stack");
        let help = format!("if that is right: `expect = {{ status = {status} }}`");
        Cause::new("redirect-away", message).help(help)
    }

    pub(super) fn certificate(&self, distrust: Distrust) -> Cause {
        let Ask::Request { url, .. } = &self.check.ask else { return Cause::new("certificate", "no certificate") };
        let host = &url.host;
        let resolver = self.resolver();
        let insecure = "`--insecure` accepts it for this run";
        match distrust {
            Distrust::TraefikDefault => {
                let shown = format!("the proxy shows its own certificate for {host}");
                let cause = |message: String| Cause::new("default-certificate", message);
                if let Some(resolver) = resolver {
                    let help = "the name has to lead to this host, and its port 80 to be reached from the internet";
                    cause(format!("{shown}: it has none from `{resolver}` yet"))
                        .log(self.complaints(&["ACME", "acme"]))
                        .help(format!("{help}; {insecure}"))
                } else {
                    cause(format!("{shown}, as `tls = true` without a resolver has it")).help(insecure)
                }
            }
            Distrust::Issuer => Cause::new(
                "untrusted-certificate",
                format!("the certificate for {host} is signed by nobody whom this machine trusts"),
            )
            .help(format!("`--ca FILE` names who is to be trusted besides; {insecure}")),
            Distrust::Name => {
                Cause::new("certificate-name", format!("the certificate is not for {host}")).help(insecure)
            }
            Distrust::Time => {
                let message = format!("the time of the certificate for {host} is over, or has not come");
                let log = self.complaints(&["ACME", "acme"]);
                Cause::new("certificate-expired", message).log(log).help("is the clock right, and is it renewed?")
            }
            Distrust::Other => {
                Cause::new("untrusted-certificate", format!("the certificate for {host} is not valid")).help(insecure)
            }
        }
    }

    /// The certificate resolver of the route.
    pub(super) fn resolver(&self) -> Option<&'a str> {
        let service = self.scene.plan.services.get(&self.check.service)?;
        let own = self.own_router();
        let router = service.routers.iter().find(|router| router.name == own)?;
        router.tls.as_ref()?.resolver.as_deref()
    }
}
