//! Handing a token to a client whose events nobody looks at.

use rdkafka::ClientContext;
use rdkafka::bindings::rd_kafka_oauthbearer_set_token;
use rdkafka::client::{Client, OAuthToken};
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char};

/// Room for what librdkafka says.
const ROOM: usize = 512;

/// Hands a token over, once: the client is to be gone before it expires.
///
/// rdkafka's client for admin requests answers no question for a token, and its interface has no other way to give one.
#[allow(
    unsafe_code,
    reason = "the interface of rdkafka does not have this function of librdkafka"
)]
pub(crate) fn hand_over<C: ClientContext>(
    client: &Client<C>,
    token: &OAuthToken,
) -> Result<(), String> {
    let text = |text: &str| CString::new(text).map_err(|error| error.to_string());
    let (value, name) = (text(&token.token)?, text(&token.principal_name)?);
    let mut said: [c_char; ROOM] = [0; ROOM];
    // SAFETY: the client lives as long as its reference, both texts end with a zero and are copied by librdkafka, there
    // are no extensions, and `said` has as much room as is told.
    let code = unsafe {
        rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            name.as_ptr(),
            std::ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let octets = said.map(|letter| letter.to_ne_bytes()[0]);
    let said = CStr::from_bytes_until_nul(&octets).unwrap_or_default();
    Err(said.to_string_lossy().into_owned())
}
