//! How much of this cosigner one gateway may take.

use serde::Deserialize;

/// The limits of one gateway. What is not given takes the default.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// How many sessions one gateway may have at once, of the 256 that run side by side. The default is
    /// half, so that no gateway can shut out another; where there is only one, it may have all.
    pub sessions_per_gateway: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { sessions_per_gateway: 128 }
    }
}
