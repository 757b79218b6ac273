//! While an operation that changes an account's command is open, nothing else of the account is signed: nobody can tell
//! whether it would run before or after the change.

use alloy::primitives::{Address, U256};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::judgement::{Refusal, Rule, Ruling};
use crate::store::{Store, StoreError};

/// Whose barriers they are: an account on a chain.
pub(crate) fn owner(chain: u64, account: Address) -> String {
    format!("{chain}/{account:#x}")
}

/// An operation that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenBarrier {
    /// Chain and account.
    pub(crate) account: String,
    /// The operation's slot.
    pub(crate) slot: String,
}

impl OpenBarrier {
    /// The EntryPoint and the nonce of the operation: parts three and five of a slot's text.
    pub(crate) fn place(&self) -> Option<(Address, U256)> {
        let mut parts = self.slot.split('/');
        let entry_point = parts.nth(2)?.parse().ok()?;
        let nonce = parts.nth(1)?.parse().ok()?;
        Some((entry_point, nonce))
    }
}

/// Whether nothing but `slot` itself stands in the account's way.
pub(super) async fn is_clear(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
) -> Result<Ruling, StoreError> {
    let other = sqlx::query("SELECT slot FROM barrier WHERE account = ? AND slot <> ? LIMIT 1")
        .bind(account)
        .bind(slot)
        .fetch_optional(connection)
        .await?;
    Ok(match other {
        None => Ok(()),
        Some(row) => {
            let theirs: String = row.try_get("slot")?;
            let message = format!("a change of the account's command is open: {theirs}");
            Err(Refusal::new(Rule::Barrier, message))
        }
    })
}

pub(super) async fn raise(
    connection: &mut SqliteConnection,
    account: &str,
    slot: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO barrier (account, slot, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(account)
        .bind(slot)
        .bind(now_ms)
        .execute(connection)
        .await?;
    Ok(())
}

impl Store {
    /// What stands in the way of an account.
    pub(crate) async fn barriers(&self, account: &str) -> Result<Vec<OpenBarrier>, StoreError> {
        let mut connection = self.connection().await;
        let rows = sqlx::query("SELECT slot FROM barrier WHERE account = ?")
            .bind(account)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter()
            .map(|row| Ok(OpenBarrier { account: account.to_owned(), slot: row.try_get("slot")? }))
            .collect()
    }

    /// Takes a barrier away: its nonce is consumed on the chain, for good.
    pub(crate) async fn lift(&self, barrier: &OpenBarrier) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        sqlx::query("DELETE FROM barrier WHERE account = ? AND slot = ?")
            .bind(&barrier.account)
            .bind(&barrier.slot)
            .execute(&mut *connection)
            .await?;
        Ok(())
    }
}
