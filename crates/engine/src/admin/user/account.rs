//! The PRIV account at its target: found or made before the records are (seams §5: a target never makes a command wait).

use std::time::Duration;

use ephor_domain::Refusal;
use secrecy::SecretString;

use crate::port::{
    Entropy,
    target::{NewAccount, TargetDirectory, TargetFault},
};

/// How long an administrator waits for a target.
pub(in crate::admin) const PATIENCE: Duration = Duration::from_secs(5);

/// What a target answers within [`PATIENCE`].
pub(in crate::admin) async fn asked<T>(
    directory: &dyn TargetDirectory,
    call: impl Future<Output = Result<T, TargetFault>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(fault)) => {
            tracing::warn!(target_id = %directory.id(), %fault, "a target did not do what an administrator asked");
            Err(Refusal::TargetUnwritable)
        }
        Err(_) => {
            tracing::warn!(target_id = %directory.id(), "a target did not answer an administrator in time");
            Err(Refusal::TargetUnwritable)
        }
    }
}

/// The native name of the account with this login name.
pub(super) async fn find(directory: &dyn TargetDirectory, login: &str) -> Result<Option<String>, Refusal> {
    asked(directory, directory.find_account(login)).await
}

/// Makes the account, or finds the one that is there.
pub(super) async fn create(
    directory: &dyn TargetDirectory,
    login: &str,
    display_name: &str,
    password: SecretString,
) -> Result<String, Refusal> {
    let new = NewAccount { login: login.to_owned(), display_name: display_name.to_owned(), password: Some(password) };
    asked(directory, directory.create_account(&new)).await
}

/// A password nobody knows, of the configured length (`PAM 11.1`): letters of both cases, digits and signs, as
/// directories with complexity rules want them.
pub(super) fn generated_password(entropy: &dyn Entropy, length: u32) -> SecretString {
    const SIGNS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!#%+-=_";
    let length = usize::try_from(length).unwrap_or(32);
    loop {
        let mut bytes = vec![0; length];
        entropy.fill(&mut bytes);
        // 64 signs: six bits each, without bias.
        let password: String =
            bytes.iter().filter_map(|byte| SIGNS.get(usize::from(byte & 63))).map(|sign| char::from(*sign)).collect();
        let has = |test: fn(char) -> bool| password.chars().any(test);
        if has(|c| c.is_ascii_lowercase()) && has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_digit()) {
            return SecretString::from(password);
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::port::SeededEntropy;

    #[test]
    fn a_generated_password_has_the_length_and_three_classes() {
        let entropy = SeededEntropy::new(7);
        for length in [8, 32, 128] {
            let password = generated_password(&entropy, length);
            let text = password.expose_secret();
            assert_eq!(text.len(), length as usize);
            assert!(text.chars().any(|c| c.is_ascii_lowercase()) && text.chars().any(|c| c.is_ascii_digit()));
        }
        let (one, other) = (generated_password(&entropy, 32), generated_password(&entropy, 32));
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
