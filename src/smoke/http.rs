//! Requests as a client of the stack sends them: to an address of one's own choice, with the host of the route as `Host`
//! and as the server name of TLS, so that no name has to be known to DNS.

use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use ureq::config::Config;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, http};

use super::asking::{Ask, Check};
use super::reach::{Reach, Way};
use super::url::Url;

mod certificate;

/// How many redirects are followed.
const HOPS: usize = 5;
/// How much of an answer is read.
const LONGEST: u64 = 1 << 20;
/// How long an open connection is watched: a forwarder takes it before it knows whether anybody is behind it.
const WATCHED: Duration = Duration::from_millis(200);

/// What came of a check on the wire.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    /// The redirects on the way: status, and where to.
    pub(super) hops: Vec<(u16, String)>,
    /// The answer in the end; why there was none.
    pub(super) end: Result<Answer, Trouble>,
    /// How long it took.
    pub(super) time: Duration,
}

impl Exchange {
    /// What there is to say where the thread that asked is lost.
    pub(super) fn lost() -> Self {
        let end = Err(Trouble::Other("it could not be asked".to_owned()));
        Self { hops: Vec::new(), end, time: Duration::ZERO }
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// The status; 0 of a connection.
    pub(super) status: u16,
    /// Names in small letters.
    pub(super) headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub(super) body: String,
    /// Why that is not all of it; none where it is.
    pub(super) flaw: Option<Flaw>,
}

/// Why a body is not known as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It has not ended as it has begun, in words.
    Broken(String),
    /// It had not ended in time.
    Endless(Duration),
    /// It is longer than is read.
    TooLong,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The name of the host is not known.
    UnknownHost(String),
    /// It is not known in time whether there is such a name.
    SlowName(String, Duration),
    /// Nobody listens there.
    Refused,
    /// Nothing came in time.
    Timeout(Duration),
    /// The connection was closed before an answer.
    Closed,
    /// The certificate is not to be trusted.
    Certificate(Distrust),
    /// TLS came to nothing for another reason.
    Tls(String),
    /// A redirect leads to where it has been before, or there are too many.
    Loop(Vec<String>),
    /// A redirect leads to another host or port than the stack has.
    Away(String),
    /// Something else.
    Other(String),
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// It is Traefik's own.
    TraefikDefault,
    /// Nobody who is trusted has signed it.
    Issuer,
    /// It is for another host.
    Name,
    /// Its time is over, or has not come.
    Time,
    /// Something else.
    Other,
}

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    timeout: Duration,
    is_insecure: bool,
    roots: RootCerts,
    provider: Arc<CryptoProvider>,
}

impl Client {
    /// A client that trusts whom the system trusts, and the certificates of a file besides.
    pub(super) fn new(timeout: Duration, is_insecure: bool, ca: Option<&Path>) -> io::Result<Self> {
        let mut roots: Vec<Certificate<'static>> = Vec::new();
        if !is_insecure {
            let system = rustls_native_certs::load_native_certs().certs;
            roots.extend(system.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()));
        }
        if let Some(path) = ca {
            let bytes = std::fs::read(path)?;
            let before = roots.len();
            for item in ureq::tls::parse_pem(&bytes) {
                let item = item.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                if let PemItem::Certificate(certificate) = item {
                    roots.push(certificate);
                }
            }
            if roots.len() == before {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in it"));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // No socket takes a time of nothing.
        let timeout = timeout.max(Duration::from_millis(1));
        Ok(Self { timeout, is_insecure, roots: roots.into(), provider })
    }

    /// Sends a request, follows its redirects as far as they stay in the stack, and returns what came. `mark` is put into
    /// its query.
    pub(super) fn ask(&self, check: &Check, reach: &Reach, hosts: &[String], mark: Option<&str>) -> Exchange {
        let start = Instant::now();
        let mut hops = Vec::new();
        let end = match &check.ask {
            Ask::Nothing { .. } => Err(Trouble::Other("nothing was asked".to_owned())),
            Ask::Connection(way) => self.connect(way),
            Ask::Request { method, url, headers, way } => {
                let is_final = |status: u16| check.wanted.status == Some(status) && !check.wanted.redirects;
                let one = One { method, headers, mark };
                self.follow(&one, url, way, &is_final, reach, hosts, &mut hops)
            }
        };
        Exchange { hops, end, time: start.elapsed() }
    }

    #[expect(clippy::too_many_arguments, reason = "what a request is, and what the world around it is")]
    fn follow(
        &self,
        one: &One<'_>,
        url: &Url,
        way: &Way,
        is_final: &dyn Fn(u16) -> bool,
        reach: &Reach,
        hosts: &[String],
        hops: &mut Vec<(u16, String)>,
    ) -> Result<Answer, Trouble> {
        let (mut url, mut way) = (url.clone(), way.clone());
        let mut been = vec![url.shown()];
        loop {
            let answer = self.send(one, &url, &way)?;
            let location = answer.header("location").filter(|_| matches!(answer.status, 301 | 302 | 303 | 307 | 308));
            let Some(location) = location.filter(|_| !is_final(answer.status)) else { return Ok(answer) };
            let Some(next) = url.join(location) else { return Err(Trouble::Away(location.to_owned())) };
            hops.push((answer.status, next.shown()));
            // A host of the stack, by whatever port; `way_to` knows the ports.
            let is_ours = hosts.iter().any(|host| host.eq_ignore_ascii_case(&next.host)) || next.host == url.host;
            let Some(next_way) = reach.way_to(&next).filter(|_| is_ours) else {
                return Err(Trouble::Away(next.shown()));
            };
            let is_known = been.contains(&next.shown());
            been.push(next.shown());
            if is_known || been.len() > HOPS + 1 {
                return Err(Trouble::Loop(been));
            }
            way = next_way.clone();
            url = next;
        }
    }

    fn send(&self, one: &One<'_>, url: &Url, way: &Way) -> Result<Answer, Trouble> {
        let start = Instant::now();
        let addresses = self.addresses(way)?;
        let url = one.mark.map_or_else(|| url.clone(), |mark| url.marked(mark));
        let mut request = http::Request::builder().method(one.method).uri(url.to_string());
        for (name, value) in one.headers {
            request = request.header(name, value);
        }
        let request = request.body(()).map_err(|error| Trouble::Other(format!("no such request: {error}")))?;
        let tls = TlsConfig::builder()
            .root_certs(self.roots.clone())
            .disable_verification(self.is_insecure)
            .unversioned_rustls_crypto_provider(Arc::clone(&self.provider))
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The stack is asked, not a proxy of whoever asks.
            .proxy(None)
            .max_idle_connections(0)
            // No request takes a time of nothing.
            .timeout_global(Some(self.timeout.saturating_sub(start.elapsed()).max(Duration::from_millis(1))))
            .user_agent(concat!("stackgen/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Fixed(addresses.clone()));
        let mut response = agent.run(request).map_err(|error| self.trouble(error, &url, &addresses))?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let flaw = match response.body_mut().as_reader().take(LONGEST + 1).read_to_end(&mut body) {
            Ok(length) if u64::try_from(length).is_ok_and(|length| length <= LONGEST) => None,
            // One that is too long is an answer all the same.
            Ok(_) => Some(Flaw::TooLong),
            Err(error) => Some(self.flaw(&error)),
        };
        body.truncate(usize::try_from(LONGEST).unwrap_or(usize::MAX));
        Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned(), flaw })
    }

    /// Why a body could not be read to its end.
    fn flaw(&self, error: &io::Error) -> Flaw {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
        match (inner, error.kind()) {
            (Some(ureq::Error::Timeout(_)), _) | (None, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                Flaw::Endless(self.timeout)
            }
            (None, io::ErrorKind::UnexpectedEof) => Flaw::Broken("it ends before it is whole".to_owned()),
            (Some(error), _) => Flaw::Broken(error.to_string()),
            (None, _) => Flaw::Broken(error.to_string()),
        }
    }

    /// The addresses of a name. The system has its own patience with name servers, which is longer than ours.
    fn addresses(&self, way: &Way) -> Result<Vec<SocketAddr>, Trouble> {
        if let Ok(ip) = way.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, way.connect)]);
        }
        let (host, port) = (way.host.clone(), way.connect);
        let look = move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter).unwrap_or_default();
        match within(self.timeout, look) {
            None => Err(Trouble::SlowName(way.host.clone(), self.timeout)),
            Some(found) if found.is_empty() => Err(Trouble::UnknownHost(way.host.clone())),
            Some(found) => Ok(found),
        }
    }

    fn trouble(&self, error: ureq::Error, url: &Url, addresses: &[SocketAddr]) -> Trouble {
        match error {
            ureq::Error::HostNotFound => Trouble::UnknownHost(url.host.clone()),
            ureq::Error::Timeout(_) => Trouble::Timeout(self.timeout),
            ureq::Error::Rustls(error) => self.distrust(&error, url, addresses),
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(error) => self.distrust(error, url, addresses),
                None => self.of_io(&error),
            },
            error => Trouble::Other(error.to_string()),
        }
    }

    fn of_io(&self, error: &io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::Refused,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Trouble::Timeout(self.timeout),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe => Trouble::Closed,
            _ => Trouble::Other(error.to_string()),
        }
    }

    /// Opens a connection, and watches for a moment whether it stays open.
    fn connect(&self, way: &Way) -> Result<Answer, Trouble> {
        let mut last = Trouble::Refused;
        for address in self.addresses(way)? {
            let mut stream = match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => stream,
                Err(error) => {
                    last = self.of_io(&error);
                    continue;
                }
            };
            stream.set_read_timeout(Some(WATCHED)).map_err(|error| self.of_io(&error))?;
            return match stream.read(&mut [0; 64]) {
                Ok(0) => Err(Trouble::Closed),
                Ok(_) => Ok(Answer::default()),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    Ok(Answer::default())
                }
                Err(error) => Err(self.of_io(&error)),
            };
        }
        Err(last)
    }
}

/// What all requests of a check have in common.
struct One<'a> {
    method: &'a str,
    headers: &'a [(String, String)],
    mark: Option<&'a str>,
}

/// What something comes to, if it does so in time; it goes on by itself where it does not.
fn within<T: Send + 'static>(time: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits for it any longer where this fails.
        let _ = sender.send(work());
    });
    receiver.recv_timeout(time).ok()
}

/// Leads every name to the same addresses.
#[derive(Debug)]
struct Fixed(Vec<SocketAddr>);

impl Resolver for Fixed {
    fn resolve(&self, _: &http::Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        self.0.iter().take(8).for_each(|address| addresses.push(*address));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    /// What is made of an answer that a server sends, and then perhaps keeps open.
    fn answer_to(sent: &'static [u8], repeated: usize, stays_open: bool, timeout: Duration) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (end, ended) = mpsc::channel::<()>();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(sent);
            for _ in 0..repeated {
                // The client has enough.
                if stream.write_all(&[b'x'; 1 << 14]).is_err() {
                    break;
                }
            }
            if stays_open {
                let _ = ended.recv();
            }
        });
        let client = Client::new(timeout, true, None).unwrap();
        let way = Way { port, host: "127.0.0.1".to_owned(), connect: port };
        let url = Url::parse(&format!("http://shop.example.com:{port}/")).unwrap();
        let answer = client.send(&One { method: "GET", headers: &[], mark: None }, &url, &way).unwrap();
        drop(end);
        server.join().unwrap();
        answer
    }

    const PATIENT: Duration = Duration::from_secs(60);

    #[test]
    fn a_body_that_is_not_whole_is_no_answer_like_others_and_what_came_of_it_is_kept() {
        let whole = answer_to(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, false, PATIENT);
        assert_eq!((whole.body.as_str(), whole.flaw), ("hello", None));
        let until_closed = answer_to(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 0, false, PATIENT);
        assert_eq!((until_closed.body.as_str(), until_closed.flaw), ("hello", None));
        let short = answer_to(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0, false, PATIENT);
        assert_eq!(short.body, "hello");
        assert!(matches!(short.flaw, Some(Flaw::Broken(_))), "{short:?}");
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n\r\n";
        let chunked = answer_to(chunked, 0, false, PATIENT);
        assert!(matches!(chunked.flaw, Some(Flaw::Broken(_))), "{chunked:?}");
    }

    #[test]
    fn a_body_without_an_end_is_known_as_such() {
        let time = Duration::from_secs(2);
        let open = answer_to(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0, true, time);
        assert_eq!((open.body.as_str(), open.flaw), ("hello", Some(Flaw::Endless(time))));
        let long = answer_to(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 256, false, PATIENT);
        assert_eq!((long.body.len(), long.flaw), (1 << 20, Some(Flaw::TooLong)), "cut, and not emptied");
    }

    #[test]
    fn nobody_waits_for_a_name_longer_than_for_a_request() {
        let (_keep, never) = mpsc::channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || never.recv().is_ok()), None);
        assert_eq!(within(PATIENT, || 1), Some(1));
    }
}
