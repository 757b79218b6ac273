//! Where callers' paymaster services may be. A caller names an address and the gateway goes there: it must
//! not become a way into the operator's own network.

use countersign_bundler_client::Reach;
use url::Url;

use crate::config::GatewayConfig;

/// Why a paymaster service is not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReached {
    /// Somebody on the way could answer in its place.
    #[error("must be an https address")]
    Scheme,
    /// The operator lists those that may be asked.
    #[error("is not one of the paymaster services that this gateway asks")]
    NotListed,
    /// It is on a private network, or this machine.
    #[error("is not on the public internet")]
    NotPublic,
}

/// How far the gateway goes to ask this service.
pub(crate) fn reach(config: &GatewayConfig, url: &Url) -> Result<Reach, NotReached> {
    if let Some(listed) = &config.paymaster_services {
        let known = listed.iter().any(|one| one.origin() == url.origin());
        return if known { Ok(Reach::Anywhere) } else { Err(NotReached::NotListed) };
    }
    if config.dev {
        return Ok(Reach::Anywhere);
    }
    if url.scheme() != "https" {
        return Err(NotReached::Scheme);
    }
    match Reach::PublicInternet.allows_host(url) {
        true => Ok(Reach::PublicInternet),
        false => Err(NotReached::NotPublic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dev: bool, services: Option<&[&str]>) -> GatewayConfig {
        let config = serde_json::json!({
            "listen": "127.0.0.1:0", "database": "sqlite://x", "identity": "i", "committee": "c",
            "dev": dev, "paymaster_services": services,
        });
        serde_json::from_value(config).unwrap()
    }

    fn asks(config: &GatewayConfig, url: &str) -> Option<Reach> {
        reach(config, &url.parse().unwrap()).ok()
    }

    #[test]
    fn only_https_on_the_public_internet_is_asked() {
        let config = config(false, None);
        let public = "https://paymaster.example/rpc";
        assert_eq!(asks(&config, public), Some(Reach::PublicInternet));
        for url in [
            "http://paymaster.example/rpc",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://localhost/",
            "https://0x7f000001/",
        ] {
            assert_eq!(asks(&config, url), None, "{url}");
        }
    }

    #[test]
    fn a_list_decides_alone_and_development_asks_anywhere() {
        let listed = config(false, Some(&["https://one.example", "http://10.0.0.1:3000"]));
        assert_eq!(asks(&listed, "https://one.example/path"), Some(Reach::Anywhere));
        assert_eq!(asks(&listed, "http://10.0.0.1:3000/rpc"), Some(Reach::Anywhere));
        assert_eq!(asks(&listed, "https://two.example/"), None);
        assert_eq!(asks(&listed, "https://one.example:444/"), None);
        assert_eq!(asks(&config(true, None), "http://127.0.0.1:1/"), Some(Reach::Anywhere));
        assert_eq!(asks(&config(true, Some(&[])), "http://127.0.0.1:1/"), None);
    }
}
