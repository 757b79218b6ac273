//! How it is sent: ERC-7769 bundler and ERC-7677 paymaster clients.
