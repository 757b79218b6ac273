//! Order statistics of a series of measurements.

use serde::Serialize;

/// Three points of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    /// Half of the runs took no longer.
    pub(crate) p50: f64,
    /// Nine in ten took no longer.
    pub(crate) p90: f64,
    /// Ninety-nine in a hundred took no longer.
    pub(crate) p99: f64,
}

impl Quantiles {
    /// Summarises `millis`; none for an empty series.
    #[must_use]
    pub(crate) fn of(mut millis: Vec<f64>) -> Option<Self> {
        millis.sort_by(f64::total_cmp);
        let last = millis.len().checked_sub(1)?;
        let at = |percent: usize| {
            let rank = (millis.len() * percent).div_ceil(100).saturating_sub(1).min(last);
            (millis[rank] * 1000.0).round() / 1000.0
        };
        Some(Self { p50: at(50), p90: at(90), p99: at(99) })
    }
}

/// The middle of a series, by nearest rank.
pub(crate) fn median(mut series: Vec<f64>) -> Option<f64> {
    series.sort_by(f64::total_cmp);
    let middle = series.len().div_ceil(2).checked_sub(1)?;
    series.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let hundred = (1..=100).rev().map(f64::from).collect();
        let quantiles = Quantiles::of(hundred).expect("a series");
        assert_eq!(quantiles, Quantiles { p50: 50.0, p90: 90.0, p99: 99.0 });
    }

    #[test]
    fn a_median_is_one_of_the_series() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn an_empty_series_has_none_and_a_single_run_is_all_of_them() {
        assert_eq!(Quantiles::of(Vec::new()), None);
        assert_eq!(Quantiles::of(vec![2.5]), Some(Quantiles { p50: 2.5, p90: 2.5, p99: 2.5 }));
    }
}
