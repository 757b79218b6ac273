//! Seals: ends of the chain under our identity's signature. Whoever rewrites the database cannot make them, so what was
//! sealed can be neither changed nor cut off unnoticed; and each names the one before it, so that none can be left out.

use alloy::primitives::B256;
use countersign_protocol::{Identity, IdentityKey, IdentitySignature};
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::{AuditHead, head};
use crate::store::{Store, StoreError};

const DOMAIN: &str = "audit seal 1";

/// An end of the chain, signed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow, Serialize, Deserialize)]
pub(crate) struct Seal {
    /// How many records it covers.
    pub(crate) count: i64,
    /// The hash of the last of them.
    pub(crate) hash: String,
    /// The count of the seal before it; zero for the first.
    pub(crate) after: i64,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// The identity's signature, as hex.
    pub(crate) signature: String,
}

impl Seal {
    fn make(identity: &Identity, head: AuditHead, after: i64, at: i64) -> Result<Self, StoreError> {
        let count = i64::try_from(head.count).map_err(|_| StoreError::Corrupt { what: "seal" })?;
        let signature = identity.sign(DOMAIN, &statement(count, head.hash, after, at)).into();
        Ok(Self { count, hash: format!("{:#x}", head.hash), after, at, signature })
    }

    /// Whether `key` sealed just this end of the chain, after the seal of `after`.
    pub(super) fn holds(&self, key: &IdentityKey, head: AuditHead, after: i64) -> bool {
        let signature = IdentitySignature::try_from(self.signature.clone());
        let statement = statement(self.count, head.hash, self.after, self.at);
        self.after == after
            && self.hash == format!("{:#x}", head.hash)
            && signature.is_ok_and(|signature| key.verifies(DOMAIN, &statement, &signature))
    }
}

fn statement(count: i64, hash: B256, after: i64, at: i64) -> Vec<u8> {
    [&count.to_be_bytes(), hash.as_slice(), &after.to_be_bytes(), &at.to_be_bytes()].concat()
}

/// The last seal's count; zero if there is none.
async fn last(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let query = sqlx::query_scalar("SELECT coalesce(max(count), 0) FROM seal");
    Ok(query.fetch_one(connection).await?)
}

impl Store {
    /// Seals the end of the chain, if it grew since the last seal. Gives the count that is sealed.
    pub(crate) async fn seal(&self, identity: &Identity, now_ms: i64) -> Result<u64, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let (head, after) = (head(&mut transaction).await?, last(&mut transaction).await?);
        if i64::try_from(head.count).is_ok_and(|count| count > after) {
            let Seal { count, hash, after, at, signature } =
                Seal::make(identity, head, after, now_ms)?;
            let insert =
                "INSERT INTO seal (count, hash, after, at, signature) VALUES (?, ?, ?, ?, ?)";
            let insert = sqlx::query(insert).bind(count).bind(hash).bind(after).bind(at);
            insert.bind(signature).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(head.count)
    }

    /// All seals from `count` on, in order.
    pub(crate) async fn seals(&self, count: u64) -> Result<Vec<Seal>, StoreError> {
        let mut connection = self.connection().await;
        let query =
            "SELECT count, hash, after, at, signature FROM seal WHERE count >= ? ORDER BY count";
        let query = sqlx::query_as(query).bind(i64::try_from(count).unwrap_or(i64::MAX));
        Ok(query.fetch_all(&mut *connection).await?)
    }
}
