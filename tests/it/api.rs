//! The API as callers meet it: real HTTP and WebSocket, a real gateway, real keys. The parts behind the gateway are
//! absent, so that whatever is answered here is answered without them.

mod answers;
mod auth;
mod bounds;
mod command;
mod cors;
mod gateway;
mod rates;
mod scopes;
mod tls;
