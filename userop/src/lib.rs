//! What is signed: UserOperations, their hashes, their calls and the accounts they drive. Pure.
