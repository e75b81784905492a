//! What is wrong with a certificate, and whose it is.

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

use super::super::url::Url;
use super::{Client, Distrust, Trouble};

/// What the certificate says that Traefik makes for itself (Traefik, `pkg/tls/generate`).
const DEFAULT_CERTIFICATE: &[u8] = b"TRAEFIK DEFAULT CERT";

impl Client {
    pub(super) fn distrust(&self, error: &rustls::Error, url: &Url, addresses: &[SocketAddr]) -> Trouble {
        let rustls::Error::InvalidCertificate(flaw) = error else { return Trouble::Tls(error.to_string()) };
        let shown = self.certificate(url, addresses);
        let contains = |der: &[u8]| der.windows(DEFAULT_CERTIFICATE.len()).any(|part| part == DEFAULT_CERTIFICATE);
        Trouble::Certificate(match flaw {
            _ if shown.is_some_and(|der| contains(&der)) => Distrust::TraefikDefault,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Distrust::Name,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Distrust::Time,
            // Anything else is said of one that somebody has signed with itself.
            CertificateError::UnknownIssuer | CertificateError::Other(_) => Distrust::Issuer,
            _ => Distrust::Other,
        })
    }

    /// The certificate that is shown for a host: a handshake of its own, which trusts anybody, and after which nothing is
    /// sent.
    fn certificate(&self, url: &Url, addresses: &[SocketAddr]) -> Option<Vec<u8>> {
        let seen = Arc::new(Seen { certificate: Mutex::new(None), provider: Arc::clone(&self.provider) });
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let name = ServerName::try_from(url.host.trim_matches(['[', ']']).to_owned()).ok()?;
        let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
        let mut stream = TcpStream::connect_timeout(addresses.first()?, self.timeout).ok()?;
        stream.set_read_timeout(Some(self.timeout)).ok()?;
        stream.set_write_timeout(Some(self.timeout)).ok()?;
        connection.complete_io(&mut stream).ok()?;
        seen.certificate.lock().ok()?.take()
    }
}

/// Trusts anybody, and keeps the certificate.
#[derive(Debug)]
struct Seen {
    certificate: Mutex<Option<Vec<u8>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut seen) = self.certificate.lock() {
            *seen = Some(certificate.to_vec());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
