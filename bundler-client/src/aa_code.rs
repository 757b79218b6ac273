//! The reasons that the EntryPoint itself gives: strings that start with `AA` and two digits.

use std::fmt;

/// Who has to mend what an [`AaCode`] complains of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The factory, or the init code.
    Factory,
    /// The account: its balance, nonce, signature or gas limits.
    Account,
    /// The paymaster.
    Paymaster,
    /// The paymaster's `postOp`.
    PostOp,
    /// Whoever built the bundle, or packed the operation.
    Bundler,
    /// The code is of no known group.
    Unknown,
}

macro_rules! aa_codes {
    ($($variant:ident = $number:literal, $meaning:literal;)*) => {
        /// A reason of the EntryPoint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AaCode {
            $(#[doc = concat!("AA", stringify!($number), ": ", $meaning, ".")] $variant,)*
            /// A number that this client has no name for.
            Other(u8),
        }

        impl AaCode {
            /// The two digits.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* Self::Other(number) => number }
            }

            /// What it means, in words.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* Self::Other(_) => "not a known reason" }
            }

            const fn from_number(number: u8) -> Self {
                match number { $($number => Self::$variant,)* other => Self::Other(other) }
            }
        }
    };
}

aa_codes! {
    SenderAlreadyConstructed = 10, "the account is deployed already, but there is init code";
    InitCodeFailed = 13, "the init code failed or ran out of gas";
    InitCodeWrongSender = 14, "the init code returned another address than the sender";
    InitCodeNoSender = 15, "the init code did not deploy the sender";
    AccountNotDeployed = 20, "the account is not deployed and there is no init code";
    PrefundNotPaid = 21, "the account cannot pay the prefund";
    AccountExpiredOrNotDue = 22, "the account's signature is not valid at this time";
    AccountReverted = 23, "the account's validation reverted";
    AccountSignatureError = 24, "the account rejects the signature";
    InvalidNonce = 25, "the nonce is not the next one";
    OverVerificationGasLimit = 26, "validation used more than the verification gas limit";
    PaymasterNotDeployed = 30, "the paymaster is not deployed";
    PaymasterDepositTooLow = 31, "the paymaster's deposit is too low";
    PaymasterExpiredOrNotDue = 32, "the paymaster's approval is not valid at this time";
    PaymasterReverted = 33, "the paymaster's validation reverted";
    PaymasterSignatureError = 34, "the paymaster rejects its signature";
    OverPaymasterVerificationGasLimit = 36, "the paymaster used more than its gas limit";
    OverVerificationGasLimitV06 = 40, "validation used more than the verification gas limit";
    TooLittleVerificationGas = 41, "the verification gas limit leaves too little for the paymaster";
    PostOpReverted = 50, "the paymaster's postOp reverted";
    PrefundBelowCost = 51, "the prefund is below the actual cost";
    InvalidBeneficiary = 90, "the bundler named no beneficiary";
    BeneficiaryFailed = 91, "the bundler's beneficiary did not take its fee";
    InternalOnly = 92, "a function that only the EntryPoint calls was called";
    InvalidPaymasterAndData = 93, "the paymaster field is malformed";
    GasOverflow = 94, "a gas value is too large";
    OutOfGas = 95, "the bundle ran out of gas";
    InvalidAggregator = 96, "the aggregator is invalid";
}

impl AaCode {
    /// The first such code in a text, if there is one.
    pub fn find(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        bytes.windows(4).enumerate().find_map(|(at, window)| {
            let &[b'A', b'A', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = window else {
                return None;
            };
            let alone = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            (alone(before) && alone(bytes.get(at + 4)))
                .then(|| Self::from_number((tens - b'0') * 10 + (ones - b'0')))
        })
    }

    /// Whose doing it is.
    pub const fn blame(self) -> Blame {
        match self.number() / 10 {
            1 => Blame::Factory,
            2 => Blame::Account,
            3 => Blame::Paymaster,
            4 => Blame::Account,
            5 => Blame::PostOp,
            9 => Blame::Bundler,
            _ => Blame::Unknown,
        }
    }
}

impl fmt::Display for AaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AA{:02}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_wherever_the_bundler_puts_it() {
        for text in [
            "AA21 didn't pay prefund",
            "UserOperation reverted during simulation with reason: AA21 didn't pay prefund",
            "FailedOp(0, \"AA21 didn't pay prefund\")",
            "AA21",
        ] {
            assert_eq!(AaCode::find(text), Some(AaCode::PrefundNotPaid), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_code_is_none() {
        for text in ["", "AA", "AA2", "AAAA", "0xAA21", "AA211", "aa21", "BAA21", "AA2é"] {
            assert_eq!(AaCode::find(text), None, "{text}");
        }
    }

    #[test]
    fn an_unnamed_code_keeps_its_number() {
        assert_eq!(AaCode::find("AA77 new").map(|code| code.to_string()).as_deref(), Some("AA77"));
        assert_eq!(AaCode::find("AA05 new").map(|code| code.to_string()).as_deref(), Some("AA05"));
    }

    #[test]
    fn the_group_of_a_code_tells_whose_doing_it_is() {
        assert_eq!(AaCode::InitCodeFailed.blame(), Blame::Factory);
        assert_eq!(AaCode::AccountSignatureError.blame(), Blame::Account);
        assert_eq!(AaCode::PaymasterSignatureError.blame(), Blame::Paymaster);
        assert_eq!(AaCode::PostOpReverted.blame(), Blame::PostOp);
        assert_eq!(AaCode::GasOverflow.blame(), Blame::Bundler);
        assert_eq!(AaCode::Other(70).blame(), Blame::Unknown);
    }
}
