//! Which partition owns an account: murmur2 of its id, as Java's default Kafka partitioner computes it, so
//! that producers in any language can put a record where it belongs.

use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::input::InputKey;

const SEED: u32 = 0x9747_b28c;
const MIX: u32 = 0x5bd1_e995;

/// murmur2 with the seed of the Kafka clients.
pub fn murmur2(bytes: &[u8]) -> u32 {
    let mut hash = SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(MIX);
        k ^= k >> 24;
        hash = hash.wrapping_mul(MIX) ^ k.wrapping_mul(MIX);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(MIX);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MIX);
    hash ^ (hash >> 15)
}

/// The partition of a key among `count` partitions; `count` is above zero.
pub fn partition_of(key: &[u8], count: u16) -> PartitionNo {
    debug_assert!(count > 0, "a deployment has at least one partition");
    // The sign bit is masked, not negated: that is what the Java clients do.
    PartitionNo(((murmur2(key) & 0x7fff_ffff) % u32::from(count)) as u16)
}

/// The partition that owns an account.
pub fn partition_of_account(account: &AccountId, count: u16) -> PartitionNo {
    partition_of(account.as_str().as_bytes(), count)
}

/// The partition that keeps an input which has no account: by its key, or by its bytes where no key could
/// be read.
pub fn partition_of_unresolved(key: Option<&InputKey>, bytes: &[u8], count: u16) -> PartitionNo {
    match key {
        Some(key) => {
            let mut text = String::from(key.source.as_str());
            text.push_str(key.event_id.as_str());
            partition_of(text.as_bytes(), count)
        }
        None => partition_of(bytes, count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_java_clients() {
        let cases: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ];
        for (key, expected) in cases {
            assert_eq!(murmur2(key.as_bytes()) as i32, expected, "{key}");
        }
    }

    #[test]
    fn every_account_has_exactly_one_partition_below_the_count() {
        for count in [1, 7, 64] {
            let mut used = vec![0u32; usize::from(count)];
            for number in 0..10_000 {
                let account = AccountId::new(format!("A{number}"));
                used[partition_of_account(&account, count).index()] += 1;
            }
            assert!(
                used.iter().all(|n| *n > 0),
                "{count}: a partition without accounts"
            );
        }
    }
}
