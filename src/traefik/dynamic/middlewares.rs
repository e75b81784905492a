//! The middlewares of HTTP and of TCP.

use super::Effect::{Missing, Needless};
use super::Field;
use super::Kind::{Bool, Duration, Free, Int, List, Map, Table, Text};
use super::field as f;

/// What redirects to HTTPS since version 3.
const REDIRECT: &str = "redirect at the entry point (`redirect-to`), or with a `redirectScheme` middleware";

pub(super) static ENCODED_CHARACTERS: &[Field] = &[
    f("allowEncodedSlash", Bool),
    f("allowEncodedBackSlash", Bool),
    f("allowEncodedNullCharacter", Bool),
    f("allowEncodedSemicolon", Bool),
    f("allowEncodedPercent", Bool),
    f("allowEncodedQuestionMark", Bool),
    f("allowEncodedHash", Bool),
];

pub(super) static MIDDLEWARE: &[Field] = &[
    f("addPrefix", Table(ADD_PREFIX)),
    f("stripPrefix", Table(STRIP_PREFIX)),
    f("stripPrefixRegex", Table(STRIP_PREFIX_REGEX)),
    f("replacePath", Table(REPLACE_PATH)),
    f("replacePathRegex", Table(REPLACE_PATH_REGEX)),
    f("chain", Table(CHAIN)),
    f("ipWhiteList", Table(IP_LIST)).old(0, "write `ipAllowList`, with the same options"),
    f("ipAllowList", Table(IP_ALLOW_LIST)),
    f("headers", Table(HEADERS)),
    f("encodedCharacters", Table(ENCODED_CHARACTERS)).since(7),
    f("errors", Table(ERRORS)),
    f("rateLimit", Table(RATE_LIMIT)),
    f("redirectRegex", Table(REDIRECT_REGEX)),
    f("redirectScheme", Table(REDIRECT_SCHEME)),
    f("basicAuth", Table(BASIC_AUTH)),
    f("digestAuth", Table(BASIC_AUTH)),
    f("forwardAuth", Table(FORWARD_AUTH)),
    f("inFlightReq", Table(IN_FLIGHT_REQ)),
    f("buffering", Table(BUFFERING)),
    f("circuitBreaker", Table(CIRCUIT_BREAKER)),
    f("compress", Table(COMPRESS)).bare(),
    f("passTLSClientCert", Table(PASS_CLIENT_CERTIFICATE)),
    f("retry", Table(RETRY)),
    f("contentType", Table(CONTENT_TYPE)).bare(),
    f("grpcWeb", Table(GRPC_WEB)),
    f("plugin", Map(&Free)),
    f("requestHeaderModifier", Table(HEADER_MODIFIER)).ignored(),
    f("responseHeaderModifier", Table(HEADER_MODIFIER)).ignored().since(2),
    f("requestRedirect", Table(REQUEST_REDIRECT)).ignored().since(2),
    f("URLRewrite", Table(URL_REWRITE)).ignored().since(2),
    f("authTLSPassCertificateToUpstream", Table(PASS_CERTIFICATE)).ignored().since(7),
    f("snippet", Table(SNIPPET)).ignored().since(7),
    f("rewriteTarget", Table(REWRITE_TARGET)).ignored().since(7),
    f("upstreamVHost", Table(UPSTREAM_HOST)).ignored().since(7),
    f("appRoot", Table(APP_ROOT)).ignored().since(7),
];

static ADD_PREFIX: &[Field] = &[f("prefix", Text)];

static STRIP_PREFIX: &[Field] = &[f("prefixes", List), f("forceSlash", Bool).old(0, "remove it")];

static STRIP_PREFIX_REGEX: &[Field] = &[f("regex", List)];

static REPLACE_PATH: &[Field] = &[f("path", Text)];

static REPLACE_PATH_REGEX: &[Field] = &[f("regex", Text), f("replacement", Text)];

static CHAIN: &[Field] = &[f("middlewares", List)];

static IP_LIST: &[Field] = &[f("sourceRange", List), f("ipStrategy", Table(IP_STRATEGY)).bare()];

static IP_STRATEGY: &[Field] = &[f("depth", Int), f("excludedIPs", List), f("ipv6Subnet", Int).since(2)];

static IP_ALLOW_LIST: &[Field] =
    &[f("sourceRange", List), f("ipStrategy", Table(IP_STRATEGY)).bare(), f("rejectStatusCode", Int)];

static HEADERS: &[Field] = &[
    f("customRequestHeaders", Map(&Text)),
    f("customResponseHeaders", Map(&Text)),
    f("accessControlAllowCredentials", Bool),
    f("accessControlAllowHeaders", List),
    f("accessControlAllowMethods", List),
    f("accessControlAllowOriginList", List),
    f("accessControlAllowOriginListRegex", List),
    f("accessControlExposeHeaders", List),
    f("accessControlMaxAge", Int),
    f("addVaryHeader", Bool),
    f("allowedHosts", List),
    f("hostsProxyHeaders", List),
    f("sslProxyHeaders", Map(&Text)),
    f("stsSeconds", Int),
    f("stsIncludeSubdomains", Bool),
    f("stsPreload", Bool),
    f("forceSTSHeader", Bool),
    f("frameDeny", Bool),
    f("customFrameOptionsValue", Text),
    f("contentTypeNosniff", Bool),
    f("browserXssFilter", Bool),
    f("customBrowserXSSValue", Text),
    f("contentSecurityPolicy", Text),
    f("contentSecurityPolicyReportOnly", Text).since(1),
    f("publicKey", Text),
    f("referrerPolicy", Text),
    f("permissionsPolicy", Text),
    f("isDevelopment", Bool),
    f("featurePolicy", Text).dead(Missing, "write `permissionsPolicy`"),
    f("sslRedirect", Bool).dead(Missing, REDIRECT),
    f("sslTemporaryRedirect", Bool).dead(Missing, REDIRECT),
    f("sslHost", Text).dead(Missing, REDIRECT),
    f("sslForceHost", Bool).dead(Missing, REDIRECT),
];

static ERRORS: &[Field] = &[
    f("status", List),
    f("statusRewrites", Map(&Int)).since(4),
    f("service", Text),
    f("query", Text),
    f("errorRequestHeaders", List).since(7),
    f("nginxHeaders", Map(&List)).ignored().since(7),
];

static RATE_LIMIT: &[Field] = &[
    f("average", Int),
    f("period", Duration),
    f("burst", Int),
    f("sourceCriterion", Table(SOURCE_CRITERION)),
    f("redis", Table(REDIS)).since(4),
];

static SOURCE_CRITERION: &[Field] =
    &[f("ipStrategy", Table(IP_STRATEGY)), f("requestHeaderName", Text), f("requestHost", Bool)];

static REDIS: &[Field] = &[
    f("endpoints", List),
    f("tls", Table(REDIS_TLS)),
    f("username", Text),
    f("password", Text),
    f("db", Int),
    f("poolSize", Int),
    f("minIdleConns", Int),
    f("maxActiveConns", Int),
    f("readTimeout", Duration),
    f("writeTimeout", Duration),
    f("dialTimeout", Duration),
];

static REDIS_TLS: &[Field] = &[f("ca", Text), f("cert", Text), f("key", Text), f("insecureSkipVerify", Bool)];

static REDIRECT_REGEX: &[Field] =
    &[f("regex", Text), f("replacement", Text), f("permanent", Bool), f("statusCode", Int).ignored().since(7)];

static REDIRECT_SCHEME: &[Field] =
    &[f("scheme", Text), f("port", Text), f("permanent", Bool), f("forcePermanentRedirect", Bool).ignored().since(7)];

static BASIC_AUTH: &[Field] =
    &[f("users", List), f("usersFile", Text), f("realm", Text), f("removeHeader", Bool), f("headerField", Text)];

static FORWARD_AUTH: &[Field] = &[
    f("address", Text),
    f("tls", Table(CLIENT_TLS)),
    f("trustForwardHeader", Bool)
        .old(6, "trust the proxies in front at the entry point: `forwardedHeaders.trustedIPs`"),
    f("authResponseHeaders", List),
    f("authResponseHeadersRegex", Text),
    f("authRequestHeaders", List),
    f("maxResponseBodySize", Int).since(7),
    f("addAuthCookiesToResponse", List),
    f("headerField", Text).since(2),
    f("forwardBody", Bool).since(3),
    f("maxBodySize", Int).since(3),
    f("preserveLocationHeader", Bool).since(3),
    f("preserveRequestMethod", Bool).since(4),
    f("authSigninURL", Text).since(7),
];

static CLIENT_TLS: &[Field] = &[
    f("ca", Text),
    f("cert", Text),
    f("key", Text),
    f("insecureSkipVerify", Bool),
    f("caOptional", Bool).dead(Needless, "remove it"),
];

static IN_FLIGHT_REQ: &[Field] = &[f("amount", Int), f("sourceCriterion", Table(SOURCE_CRITERION))];

static BUFFERING: &[Field] = &[
    f("maxRequestBodyBytes", Int),
    f("memRequestBodyBytes", Int),
    f("maxResponseBodyBytes", Int),
    f("memResponseBodyBytes", Int),
    f("retryExpression", Text),
    f("disableRequestBuffer", Bool).ignored().since(7),
    f("disableResponseBuffer", Bool).ignored().since(7),
];

static CIRCUIT_BREAKER: &[Field] = &[
    f("expression", Text),
    f("checkPeriod", Duration),
    f("fallbackDuration", Duration),
    f("recoveryDuration", Duration),
    f("responseCode", Int),
];

static COMPRESS: &[Field] = &[
    f("excludedContentTypes", List),
    f("includedContentTypes", List),
    f("minResponseBodyBytes", Int),
    f("encodings", List).since(2),
    f("defaultEncoding", Text),
];

static PASS_CLIENT_CERTIFICATE: &[Field] = &[f("pem", Bool), f("info", Table(CERTIFICATE_INFO))];

static CERTIFICATE_INFO: &[Field] = &[
    f("notAfter", Bool),
    f("notBefore", Bool),
    f("sans", Bool),
    f("serialNumber", Bool),
    f("subject", Table(SUBJECT_INFO)),
    f("issuer", Table(ISSUER_INFO)),
];

static SUBJECT_INFO: &[Field] = &[
    f("country", Bool),
    f("province", Bool),
    f("locality", Bool),
    f("organization", Bool),
    f("organizationalUnit", Bool),
    f("commonName", Bool),
    f("serialNumber", Bool),
    f("domainComponent", Bool),
];

static ISSUER_INFO: &[Field] = &[
    f("country", Bool),
    f("province", Bool),
    f("locality", Bool),
    f("organization", Bool),
    f("commonName", Bool),
    f("serialNumber", Bool),
    f("domainComponent", Bool),
];

static RETRY: &[Field] = &[
    f("attempts", Int),
    f("timeout", Duration).since(7),
    f("initialInterval", Duration),
    f("maxRequestBodyBytes", Int).since(7),
    f("status", List).since(7),
    f("disableRetryOnNetworkError", Bool).since(7),
    f("retryNonIdempotentMethod", Bool).since(7),
];

static CONTENT_TYPE: &[Field] =
    &[f("autoDetect", Bool).dead(Needless, "remove it: the middleware alone switches the detection on")];

static GRPC_WEB: &[Field] = &[f("allowOrigins", List)];

static HEADER_MODIFIER: &[Field] = &[f("set", Map(&Text)), f("add", Map(&Text)), f("remove", List)];

static REQUEST_REDIRECT: &[Field] = &[
    f("scheme", Text),
    f("hostname", Text),
    f("port", Text),
    f("path", Text),
    f("pathPrefix", Text),
    f("statusCode", Int),
];

static URL_REWRITE: &[Field] = &[f("hostname", Text), f("path", Text), f("pathPrefix", Text)];

static PASS_CERTIFICATE: &[Field] = &[f("clientAuthType", Text), f("caFiles", List)];

static SNIPPET: &[Field] = &[f("serverSnippet", Text), f("configurationSnippet", Text), f("auth", Table(SNIPPET_AUTH))];

static SNIPPET_AUTH: &[Field] = &[
    f("address", Text),
    f("method", Text),
    f("snippet", Text),
    f("authResponseHeaders", List),
    f("authSigninURL", Text),
];

static REWRITE_TARGET: &[Field] = &[f("regex", Text), f("replacement", Text), f("xForwardedPrefix", Text)];

static UPSTREAM_HOST: &[Field] = &[f("vHost", Text), f("vars", Map(&Text))];

static APP_ROOT: &[Field] = &[f("path", Text)];

pub(super) static TCP_MIDDLEWARE: &[Field] = &[
    f("inFlightConn", Table(IN_FLIGHT_CONN)),
    f("ipWhiteList", Table(TCP_IP_LIST)).old(0, "write `ipAllowList`, with the same options"),
    f("ipAllowList", Table(TCP_IP_LIST)),
];

static IN_FLIGHT_CONN: &[Field] = &[f("amount", Int)];

static TCP_IP_LIST: &[Field] = &[f("sourceRange", List)];
