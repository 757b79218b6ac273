//! What a key may be used for. What is not said is not bounded.

use std::collections::BTreeSet;
use std::fmt;

use alloy::primitives::Address;
use countersign_userop::ChainId;
use serde::{Deserialize, Serialize};

/// The wallets, methods and chains that a key opens; `None` stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// Wallets by address, on whatever chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallets: Option<BTreeSet<Address>>,
    /// Methods by name; one that ends in `*` stands for all that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<String>>,
    /// Chains by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chains: Option<BTreeSet<ChainId>>,
}

impl Scope {
    /// Whether the method may be called.
    #[must_use]
    pub fn has_method(&self, name: &str) -> bool {
        let fits = |wanted: &String| match wanted.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => wanted == name,
        };
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(fits))
    }

    /// Whether anything on the chain may be seen or done.
    #[must_use]
    pub fn has_chain(&self, chain: ChainId) -> bool {
        self.chains.as_ref().is_none_or(|chains| chains.contains(&chain))
    }

    /// Whether the wallet may be seen and used.
    #[must_use]
    pub fn has_wallet(&self, chain: ChainId, address: Address) -> bool {
        let named = self.wallets.as_ref().is_none_or(|wallets| wallets.contains(&address));
        named && self.has_chain(chain)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        let all = |names: Vec<String>| names.join(",");
        if let Some(wallets) = &self.wallets {
            said.push(format!("wallets {}", all(wallets.iter().map(Address::to_string).collect())));
        }
        if let Some(methods) = &self.methods {
            said.push(format!("methods {}", all(methods.iter().cloned().collect())));
        }
        if let Some(chains) = &self.chains {
            said.push(format!("chains {}", all(chains.iter().map(ChainId::to_string).collect())));
        }
        f.write_str(if said.is_empty() { "everything" } else { "" })?;
        f.write_str(&said.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_not_bounded_and_what_is_said_is() {
        let all = Scope::default();
        assert!(all.has_method("eth_chainId") && all.has_wallet(ChainId::new(1), Address::ZERO));
        let scope = Scope {
            wallets: Some([Address::repeat_byte(1)].into()),
            methods: Some(["eth_*".to_owned(), "wallet_sendCalls".to_owned()].into()),
            chains: Some([ChainId::new(5)].into()),
        };
        assert!(scope.has_method("eth_chainId") && scope.has_method("wallet_sendCalls"));
        assert!(!scope.has_method("wallet_sendCallsTwice") && !scope.has_method("pm_eth_"));
        assert!(scope.has_wallet(ChainId::new(5), Address::repeat_byte(1)));
        assert!(!scope.has_wallet(ChainId::new(6), Address::repeat_byte(1)));
        assert!(!scope.has_wallet(ChainId::new(5), Address::repeat_byte(2)));
    }

    #[test]
    fn a_scope_reads_back_as_it_was_written() {
        let scope = Scope { chains: Some([ChainId::new(5)].into()), ..Scope::default() };
        let text = serde_json::to_string(&scope).unwrap();
        assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
        assert!(serde_json::from_str::<Scope>(r#"{"wallet":[]}"#).is_err());
    }
}
