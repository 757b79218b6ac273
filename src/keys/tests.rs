//! What a key opens, and for how long.

use super::*;

fn named(name: &str) -> NewKey {
    NewKey { name: name.into(), ..NewKey::default() }
}

async fn must_open() -> ApiKeys {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    ApiKeys::open(pool).await.unwrap()
}

#[tokio::test]
async fn accepts_the_key_that_it_made() {
    let keys = must_open().await;
    let (key, record) = keys.create(named("shop")).await.unwrap();
    let caller = keys.authenticate(key.expose()).await.unwrap();
    assert_eq!(
        caller,
        KeyHolder { key: record.id, caller: "shop".into(), scope: Scope::default() }
    );
}

#[tokio::test]
async fn refuses_the_right_id_with_another_secret() {
    let keys = must_open().await;
    let (key, _) = keys.create(named("shop")).await.unwrap();
    let last = if key.expose().ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{last}", &key.expose()[..key.expose().len() - 1]);
    assert!(matches!(keys.authenticate(&forged).await, Err(Denied::Unknown)));
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_and_its_name_is_free_again() {
    let keys = must_open().await;
    let (key, record) = keys.create(named("shop")).await.unwrap();
    assert!(keys.still_valid(&record.id).await.is_ok());
    keys.revoke("shop").await.unwrap();
    assert!(matches!(keys.authenticate(key.expose()).await, Err(Denied::Unknown)));
    assert!(matches!(keys.still_valid(&record.id).await, Err(Denied::Unknown)));
    assert!(matches!(keys.revoke("shop").await, Err(KeysError::Unknown { .. })));
    keys.create(named("shop")).await.unwrap();
    let listed = keys.list().await.unwrap();
    assert_eq!(listed.iter().filter(|k| k.revoked_at.is_none()).count(), 1);
    assert_eq!(listed.len(), 2);
}

#[tokio::test]
async fn two_live_keys_never_share_a_name() {
    let keys = must_open().await;
    keys.create(named("shop")).await.unwrap();
    assert!(matches!(keys.create(named("shop")).await, Err(KeysError::Taken { .. })));
    for name in ["", "two words", "line\nbreak", &"x".repeat(65)] {
        assert!(matches!(keys.create(named(name)).await, Err(KeysError::Name { .. })), "{name:?}");
    }
}

#[tokio::test]
async fn the_database_never_sees_the_secret() {
    let keys = must_open().await;
    let (key, _) = keys.create(named("shop")).await.unwrap();
    let secret = key.expose().rsplit('_').next().unwrap();
    let row = sqlx::query("SELECT * FROM api_keys").fetch_one(&keys.pool).await.unwrap();
    let digest: Vec<u8> = row.get("digest");
    assert_ne!(hex::encode(&digest), secret);
    assert_eq!(digest, key.digest());
}

#[tokio::test]
async fn a_key_may_be_for_part_of_another_callers_affairs() {
    let keys = must_open().await;
    let scope = Scope { methods: Some(["eth_*".to_owned()].into()), ..Scope::default() };
    let new = NewKey { caller: Some("shop".into()), scope: scope.clone(), ..named("treasurer") };
    let (key, record) = keys.create(new).await.unwrap();
    let holder = keys.authenticate(key.expose()).await.unwrap();
    assert_eq!((holder.caller.as_str(), &holder.scope), ("shop", &scope));
    assert_eq!(keys.list().await.unwrap(), [record]);
}

#[tokio::test]
async fn a_key_whose_time_is_over_is_refused_and_its_name_stays_taken_until_it_is_revoked() {
    let keys = must_open().await;
    let new = NewKey { lasts: Some(Duration::ZERO), ..named("shop") };
    let (key, record) = keys.create(new).await.unwrap();
    assert!(matches!(keys.authenticate(key.expose()).await, Err(Denied::Unknown)));
    assert!(matches!(keys.still_valid(&record.id).await, Err(Denied::Unknown)));
    assert!(matches!(keys.rotate("shop", Duration::ZERO).await, Err(KeysError::Unknown { .. })));
    keys.revoke("shop").await.unwrap();
    keys.create(named("shop")).await.unwrap();
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_the_overlap_and_the_new_one_opens_the_same() {
    let keys = must_open().await;
    let scope = Scope { methods: Some(["eth_*".to_owned()].into()), ..Scope::default() };
    let lasts = Some(Duration::from_secs(1_000));
    let (first, _) =
        keys.create(NewKey { scope: scope.clone(), lasts, ..named("shop") }).await.unwrap();
    let (second, record) = keys.rotate("shop", Duration::from_secs(60)).await.unwrap();
    assert_eq!((&record.scope, record.expires_at), (&scope, Some(record.created_at + 1_000)));
    keys.authenticate(first.expose()).await.unwrap();
    keys.authenticate(second.expose()).await.unwrap();
    let (third, _) = keys.rotate("shop", Duration::ZERO).await.unwrap();
    assert!(matches!(keys.authenticate(second.expose()).await, Err(Denied::Unknown)));
    keys.authenticate(third.expose()).await.unwrap();
    // Revoking the name ends what still overlaps too.
    keys.revoke("shop").await.unwrap();
    for key in [first, third] {
        assert!(matches!(keys.authenticate(key.expose()).await, Err(Denied::Unknown)));
    }
}

#[tokio::test]
async fn keys_of_the_first_schema_open_everything_as_before() {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    schema::first(&pool).await.unwrap();
    let key = ApiKey::generate();
    sqlx::query("INSERT INTO api_keys (id, name, digest, created_at) VALUES (?, 'old', ?, 1)")
        .bind(key.id().as_str())
        .bind(key.digest().as_slice())
        .execute(&pool)
        .await
        .unwrap();
    let keys = ApiKeys::open(pool.clone()).await.unwrap();
    let holder = keys.authenticate(key.expose()).await.unwrap();
    assert_eq!((holder.caller.as_str(), holder.scope), ("old", Scope::default()));
    ApiKeys::open(pool).await.unwrap();
}
