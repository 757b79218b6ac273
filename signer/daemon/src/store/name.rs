//! The journal's own name, by which the data directory knows it again.

use super::{Store, StoreError};

/// Marks a journal that is older than names: the data directory may take its name without a question.
pub(super) const NEVER_CLAIMED: &str = "INSERT INTO meta (name, value) VALUES ('claimed', 'never')";

impl Store {
    /// The random name that this journal got when it was made.
    pub(crate) async fn journal_name(&self) -> Result<String, StoreError> {
        let mut connection = self.connection().await;
        let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'journal'");
        Ok(query.fetch_one(&mut *connection).await?)
    }

    /// Whether the journal is older than names, and its name was not written down since.
    pub(crate) async fn was_never_claimed(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await;
        let query = sqlx::query_scalar("SELECT count(*) > 0 FROM meta WHERE name = 'claimed'");
        Ok(query.fetch_one(&mut *connection).await?)
    }

    /// Notes that the data directory holds the journal's name.
    pub(crate) async fn claim(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await;
        sqlx::query("DELETE FROM meta WHERE name = 'claimed'").execute(&mut *connection).await?;
        Ok(())
    }
}
