//! What TLS and the connections to servers are configured with; labels reach only the default certificate.

use super::Field;
use super::Kind::{Bool, Duration, Int, List, Map, Table, Tables, Text};
use super::field as f;

pub(super) static DOMAIN: &[Field] = &[f("main", Text), f("sans", List)];

pub(super) static SERVERS_TRANSPORT: &[Field] = &[
    f("serverName", Text),
    f("insecureSkipVerify", Bool),
    f("rootCAs", List),
    f("certificates", Tables(CERTIFICATE)),
    f("cipherSuites", List).since(7),
    f("minVersion", Text).since(7),
    f("maxVersion", Text).since(7),
    f("maxIdleConnsPerHost", Int),
    f("forwardingTimeouts", Table(FORWARDING_TIMEOUTS)),
    f("disableHTTP2", Bool),
    f("peerCertURI", Text),
    f("spiffe", Table(SPIFFE)).bare(),
];

static CERTIFICATE: &[Field] = &[f("certFile", Text), f("keyFile", Text)];

static FORWARDING_TIMEOUTS: &[Field] = &[
    f("dialTimeout", Duration),
    f("responseHeaderTimeout", Duration),
    f("idleConnTimeout", Duration),
    f("readIdleTimeout", Duration),
    f("pingTimeout", Duration),
    f("readTimeout", Duration).since(7),
    f("writeTimeout", Duration).since(7),
];

static SPIFFE: &[Field] = &[f("ids", List), f("trustDomain", Text)];

pub(super) static PROXY_PROTOCOL: &[Field] = &[f("version", Int)];

pub(super) static TCP_SERVERS_TRANSPORT: &[Field] = &[
    f("dialKeepAlive", Duration),
    f("dialTimeout", Duration),
    f("proxyProtocol", Table(PROXY_PROTOCOL)).bare().since(6),
    f("terminationDelay", Duration),
    f("tls", Table(TCP_CLIENT_TLS)).bare(),
];

static TCP_CLIENT_TLS: &[Field] = &[
    f("serverName", Text),
    f("insecureSkipVerify", Bool),
    f("rootCAs", List),
    f("certificates", Tables(CERTIFICATE)),
    f("peerCertURI", Text),
    f("spiffe", Table(SPIFFE)).bare(),
];

pub(super) static TLS: &[Field] = &[
    f("certificates", Tables(CERTIFICATE_AND_STORES)).ignored(),
    f("options", Map(&Table(TLS_OPTIONS))).ignored(),
    f("stores", Map(&Table(TLS_STORE))),
];

static CERTIFICATE_AND_STORES: &[Field] = &[f("certFile", Text), f("keyFile", Text), f("stores", List)];

static TLS_OPTIONS: &[Field] = &[
    f("minVersion", Text),
    f("maxVersion", Text),
    f("cipherSuites", List),
    f("curvePreferences", List),
    f("clientAuth", Table(TLS_CLIENT_AUTH)),
    f("sniStrict", Bool),
    f("alpnProtocols", List),
    f("disableSessionTickets", Bool).since(4),
    f("preferServerCipherSuites", Bool),
];

static TLS_CLIENT_AUTH: &[Field] = &[f("caFiles", List), f("clientAuthType", Text)];

static TLS_STORE: &[Field] =
    &[f("defaultCertificate", Table(CERTIFICATE)).ignored(), f("defaultGeneratedCert", Table(GENERATED_CERTIFICATE))];

static GENERATED_CERTIFICATE: &[Field] = &[f("resolver", Text), f("domain", Table(DOMAIN))];
