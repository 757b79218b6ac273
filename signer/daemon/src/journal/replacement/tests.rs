//! The replacement rule as a table: what changed, and the verdict.

use super::*;

fn held() -> OperationTerms {
    OperationTerms {
        init_code: B256::repeat_byte(1),
        calls: B256::repeat_byte(2),
        delegate: None,
        paymaster: Some(Address::repeat_byte(3)),
        gas: GasTerms {
            call: 100,
            verification: 100,
            pre_verification: 100,
            paymaster_verification: 100,
            paymaster_post_op: 100,
        },
        max_fee_per_gas: 1_000,
        max_priority_fee_per_gas: 10,
    }
}

/// The least that may replace [`held`].
fn dearer() -> OperationTerms {
    OperationTerms { max_fee_per_gas: 1_100, max_priority_fee_per_gas: 11, ..held() }
}

fn verdict(change: impl FnOnce(&mut OperationTerms)) -> Result<(), Clash> {
    let mut next = dearer();
    change(&mut next);
    held().may_be_replaced_by(&next)
}

#[test]
fn exactly_ten_percent_more_replaces() {
    assert_eq!(verdict(|_| ()), Ok(()));
}

#[test]
fn more_gas_and_much_more_fee_replaces() {
    let changed = verdict(|next| {
        next.gas.call = 1_000_000;
        next.max_fee_per_gas = u128::MAX;
    });
    assert_eq!(changed, Ok(()));
}

#[test]
fn what_the_operation_does_may_not_change() {
    assert_eq!(verdict(|next| next.init_code = B256::ZERO), Err(Clash::InitCode));
    assert_eq!(verdict(|next| next.calls = B256::ZERO), Err(Clash::Calls));
    assert_eq!(verdict(|next| next.delegate = Some(Address::ZERO)), Err(Clash::Delegate));
    assert_eq!(verdict(|next| next.paymaster = None), Err(Clash::Paymaster));
}

#[test]
fn no_gas_limit_may_fall() {
    type Limit = fn(&mut GasTerms) -> &mut u128;
    let limits: [(&str, Limit); 5] = [
        ("call", |gas| &mut gas.call),
        ("verification", |gas| &mut gas.verification),
        ("pre-verification", |gas| &mut gas.pre_verification),
        ("paymaster verification", |gas| &mut gas.paymaster_verification),
        ("paymaster post-op", |gas| &mut gas.paymaster_post_op),
    ];
    for (limit, of) in limits {
        let clash = verdict(|next| *of(&mut next.gas) = 99);
        let expected = Clash::GasFell { limit, held: 100, asked: 99 };
        assert_eq!(clash, Err(expected));
    }
}

#[test]
fn each_fee_must_rise_by_a_tenth_by_itself() {
    let low_fee = verdict(|next| next.max_fee_per_gas = 1_099);
    assert_eq!(low_fee, Err(Clash::FeeTooLow { fee: "maxFeePerGas", held: 1_000, asked: 1_099 }));

    let low_tip = verdict(|next| next.max_priority_fee_per_gas = 10);
    let expected = Clash::FeeTooLow { fee: "maxPriorityFeePerGas", held: 10, asked: 10 };
    assert_eq!(low_tip, Err(expected));
}

#[test]
fn fees_near_the_top_of_their_range_do_not_wrap() {
    let held = OperationTerms { max_fee_per_gas: u128::MAX, ..held() };
    let next = OperationTerms { max_fee_per_gas: u128::MAX, ..dearer() };
    assert!(matches!(held.may_be_replaced_by(&next), Err(Clash::FeeTooLow { .. })));
}
