//! Routers and services of HTTP, TCP and UDP.

use super::Field;
use super::Kind::{Bool, Duration, Int, List, Map, OneTable, Table, Tables, Text};
use super::field as f;
use super::middlewares::{ENCODED_CHARACTERS, MIDDLEWARE, TCP_MIDDLEWARE};
use super::transport::{DOMAIN, PROXY_PROTOCOL, SERVERS_TRANSPORT, TCP_SERVERS_TRANSPORT};

pub(super) static HTTP: &[Field] = &[
    f("routers", Map(&Table(ROUTER))),
    f("services", Map(&Table(SERVICE))),
    f("middlewares", Map(&Table(MIDDLEWARE))),
    f("models", Map(&Table(MODEL))),
    f("serversTransports", Map(&Table(SERVERS_TRANSPORT))).ignored(),
];

static ROUTER: &[Field] = &[
    f("entryPoints", List),
    f("middlewares", List),
    f("service", Text),
    f("rule", Text),
    f("parentRefs", List).ignored().since(6),
    f("ruleSyntax", Text).old(4, "write the rule in the syntax of version 3, and remove the option"),
    f("priority", Int),
    f("tls", Table(ROUTER_TLS)).bare(),
    f("observability", Table(ROUTER_OBSERVABILITY)).since(3),
    f("defaultRule", Bool).ignored(),
    f("deniedEncodedPathCharacters", Table(ENCODED_CHARACTERS)).ignored().since(7),
];

static ROUTER_TLS: &[Field] = &[
    f("options", Text),
    f("resolvedOptions", Text).ignored().since(7),
    f("conflictingOptions", Bool).ignored().since(7),
    f("certResolver", Text),
    f("domains", Tables(DOMAIN)),
];

static ROUTER_OBSERVABILITY: &[Field] = &[
    f("accessLogs", Bool),
    f("metrics", Bool),
    f("tracing", Bool),
    f("traceVerbosity", Text).since(5),
    f("metadata", Table(OBSERVABILITY_METADATA)).ignored().since(7),
];

static OBSERVABILITY_METADATA: &[Field] = &[f("ingress", Table(KUBERNETES_METADATA)).ignored()];

static KUBERNETES_METADATA: &[Field] = &[f("namespace", Text), f("name", Text), f("kind", Text)];

static SERVICE: &[Field] = &[
    f("middlewares", List).since(7),
    f("loadBalancer", Table(LOAD_BALANCER)),
    f("highestRandomWeight", Table(HIGHEST_RANDOM_WEIGHT)).ignored().since(6),
    f("weighted", Table(WEIGHTED)).ignored(),
    f("mirroring", Table(MIRRORING)).ignored(),
    f("failover", Table(FAILOVER)).ignored(),
    f("observability", Table(SERVICE_OBSERVABILITY)).ignored().since(7),
];

static LOAD_BALANCER: &[Field] = &[
    f("sticky", Table(STICKY)).bare(),
    f("server", OneTable(SERVER)),
    f("strategy", Text).since(4),
    f("healthCheck", Table(HEALTH_CHECK)),
    f("passiveHealthCheck", Table(PASSIVE_HEALTH_CHECK)).since(6),
    f("passHostHeader", Bool),
    f("responseForwarding", Table(RESPONSE_FORWARDING)),
    f("serversTransport", Text),
    f("nginxUpstreamHashBy", Text).ignored().since(7),
];

static STICKY: &[Field] = &[f("cookie", Table(COOKIE)).bare()];

static COOKIE: &[Field] = &[
    f("name", Text),
    f("secure", Bool),
    f("httpOnly", Bool),
    f("sameSite", Text),
    f("maxAge", Int),
    f("path", Text).since(3),
    f("domain", Text).since(4),
    f("expires", Int).ignored().since(7),
    f("preserveLeadingDot", Bool).ignored().since(7),
];

static SERVER: &[Field] = &[
    f("url", Text),
    f("weight", Int),
    f("preservePath", Bool).since(2),
    f("fenced", Bool).ignored().since(3),
    f("scheme", Text),
    f("port", Text),
];

static HEALTH_CHECK: &[Field] = &[
    f("scheme", Text),
    f("mode", Text),
    f("path", Text),
    f("method", Text),
    f("status", Int),
    f("port", Int),
    f("interval", Duration),
    f("unhealthyInterval", Duration).since(5),
    f("timeout", Duration),
    f("hostname", Text),
    f("followRedirects", Bool),
    f("headers", Map(&Text)),
];

static PASSIVE_HEALTH_CHECK: &[Field] = &[f("failureWindow", Duration), f("maxFailedAttempts", Int)];

static RESPONSE_FORWARDING: &[Field] = &[f("flushInterval", Duration)];

static HIGHEST_RANDOM_WEIGHT: &[Field] = &[f("services", Tables(WEIGHTED_CHILD)), f("healthCheck", Table(&[])).bare()];

static WEIGHTED_CHILD: &[Field] = &[f("name", Text), f("weight", Int)];

static WEIGHTED: &[Field] =
    &[f("services", Tables(WEIGHTED_SERVICE)), f("sticky", Table(STICKY)), f("healthCheck", Table(&[])).bare()];

static WEIGHTED_SERVICE: &[Field] = &[
    f("name", Text),
    f("weight", Int),
    f("headers", Map(&Text)).ignored().since(6),
    f("status", Int).ignored().since(2),
    f("grpcStatus", Table(GRPC_STATUS)).ignored().since(2),
];

static GRPC_STATUS: &[Field] = &[f("code", Int), f("msg", Text)];

static MIRRORING: &[Field] = &[
    f("service", Text),
    f("mirrorBody", Bool).since(2),
    f("maxBodySize", Int),
    f("mirrors", Tables(MIRROR_SERVICE)),
    f("healthCheck", Table(&[])).bare(),
];

static MIRROR_SERVICE: &[Field] = &[f("name", Text), f("percent", Int)];

static FAILOVER: &[Field] = &[
    f("service", Text),
    f("fallback", Text),
    f("healthCheck", Table(&[])).bare(),
    f("errors", Table(FAILOVER_ERROR)).since(7),
];

static FAILOVER_ERROR: &[Field] = &[f("maxRequestBodyBytes", Int), f("status", List)];

static SERVICE_OBSERVABILITY: &[Field] = &[f("metadata", Table(SERVICE_OBSERVABILITY_METADATA)).ignored()];

static SERVICE_OBSERVABILITY_METADATA: &[Field] = &[f("kubernetes", Table(KUBERNETES_SERVICE_METADATA))];

static KUBERNETES_SERVICE_METADATA: &[Field] = &[f("namespace", Text), f("name", Text), f("port", Text)];

static MODEL: &[Field] = &[
    f("middlewares", List),
    f("tls", Table(ROUTER_TLS)).bare(),
    f("observability", Table(ROUTER_OBSERVABILITY)).since(3),
    f("deniedEncodedPathCharacters", Table(ENCODED_CHARACTERS)).ignored().since(7),
    f("defaultRuleSyntax", Text).ignored(),
];

pub(super) static TCP: &[Field] = &[
    f("routers", Map(&Table(TCP_ROUTER))),
    f("services", Map(&Table(TCP_SERVICE))),
    f("middlewares", Map(&Table(TCP_MIDDLEWARE))),
    f("models", Map(&Table(TCP_MODEL))).ignored(),
    f("serversTransports", Map(&Table(TCP_SERVERS_TRANSPORT))).ignored(),
];

static TCP_ROUTER: &[Field] = &[
    f("entryPoints", List),
    f("middlewares", List),
    f("service", Text),
    f("rule", Text),
    f("ruleSyntax", Text).old(4, "write the rule in the syntax of version 3, and remove the option"),
    f("priority", Int),
    f("tls", Table(TCP_ROUTER_TLS)).bare(),
];

static TCP_ROUTER_TLS: &[Field] =
    &[f("passthrough", Bool), f("options", Text), f("certResolver", Text), f("domains", Tables(DOMAIN))];

static TCP_SERVICE: &[Field] =
    &[f("loadBalancer", Table(TCP_LOAD_BALANCER)), f("weighted", Table(TCP_WEIGHTED)).ignored()];

static TCP_LOAD_BALANCER: &[Field] = &[
    f("server", OneTable(TCP_SERVER)),
    f("serversTransport", Text),
    f("proxyProtocol", Table(PROXY_PROTOCOL)).bare().old(6, "say it in a `serversTransport` of a file"),
    f("terminationDelay", Int).old(0, "say it in a `serversTransport` of a file"),
    f("healthCheck", Table(TCP_HEALTH_CHECK)).bare().since(6),
];

static TCP_SERVER: &[Field] = &[f("address", Text).ignored(), f("port", Text), f("tls", Bool)];

static TCP_HEALTH_CHECK: &[Field] = &[
    f("port", Int),
    f("send", Text),
    f("expect", Text),
    f("interval", Duration),
    f("unhealthyInterval", Duration),
    f("timeout", Duration),
];

static TCP_WEIGHTED: &[Field] = &[f("services", Tables(WEIGHTED_CHILD)), f("healthCheck", Table(&[])).bare().since(6)];

static TCP_MODEL: &[Field] = &[f("defaultRuleSyntax", Text).ignored()];

pub(super) static UDP: &[Field] = &[f("routers", Map(&Table(UDP_ROUTER))), f("services", Map(&Table(UDP_SERVICE)))];

static UDP_ROUTER: &[Field] = &[f("entryPoints", List), f("service", Text)];

static UDP_SERVICE: &[Field] =
    &[f("loadBalancer", Table(UDP_LOAD_BALANCER)), f("weighted", Table(UDP_WEIGHTED)).ignored()];

static UDP_LOAD_BALANCER: &[Field] = &[f("server", OneTable(UDP_SERVER))];

static UDP_SERVER: &[Field] = &[f("address", Text).ignored(), f("port", Text)];

static UDP_WEIGHTED: &[Field] = &[f("services", Tables(WEIGHTED_CHILD))];
