//! A real OpenID provider: npm `oidc-provider`, which signs its one account in without asking.
//!
//! Clients: `ephor` with [`CLIENT_SECRET`] (authorization code, PKCE), `svc`/`secret` (client credentials: a JWT for
//! `api://ephor` that claims more than it should). The npm package is installed once for all tests of a machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::{LaunchError, Unavailable, find_program};
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

/// The secret of the client `ephor`; it has characters that must be encoded on their way.
pub const CLIENT_SECRET: &str = "a secret/of+ours";

const SCRIPT: &str = include_str!("provider.mjs");
const READY: Duration = Duration::from_secs(30);
const PACKAGE: &str = "oidc-provider@9";

/// A running provider. Stopped on drop.
#[derive(Debug)]
pub struct Oidc {
    process: Option<Process>,
    node: PathBuf,
    port: Port,
    account: String,
    redirect: String,
    modules: PathBuf,
    directory: WorkDir,
}

impl Oidc {
    /// Starts a provider at which `account` signs in and comes back to `redirect`; it signs with a key named `kid`.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without node, curl, or the npm package.
    pub fn start(account: &str, redirect: &str, kid: &str) -> Result<Self, LaunchError> {
        let node = find_program("node", "nodejs")?;
        find_program("curl", "curl")?;
        let modules = modules()?;
        let directory = WorkDir::new("oidc")?;
        let mut provider = Self {
            process: None,
            node,
            port: Port::reserve()?,
            account: account.to_owned(),
            redirect: redirect.to_owned(),
            modules,
            directory,
        };
        provider.start_again(kid)?;
        Ok(provider)
    }

    /// Its `iss`.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.port.address())
    }

    /// Stops it. Nothing happens if it does not run.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it anew with the key of this name and no other: a rotation. The key is fresh unless it was announced.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start_again(&mut self, kid: &str) -> Result<(), LaunchError> {
        self.start_with(&[kid])
    }

    /// Starts it anew with the key of one name, and shows the next one already: the rotation of a careful issuer begins.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn announce(&mut self, kid: &str, next: &str) -> Result<(), LaunchError> {
        self.start_with(&[kid, next])
    }

    fn start_with(&mut self, kids: &[&str]) -> Result<(), LaunchError> {
        self.process = None;
        // Imports are looked up beside the script.
        let script = self.modules.join(format!("provider-{}.mjs", self.port.number()));
        fs::write(&script, SCRIPT).map_err(LaunchError::os("writing the provider"))?;
        let log = self.directory.join("oidc.log");
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(LaunchError::os("opening the log of the provider"))?;
        let errors = output.try_clone().map_err(LaunchError::os("opening the log of the provider"))?;
        let mut command = Command::new(&self.node);
        command.arg(&script).arg(self.port.number().to_string()).args([&self.account, &self.redirect]);
        command.arg(self.directory.join("keys.json")).args(kids);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        self.process = Some(Process::spawn("oidc-provider", &mut command, &self.directory)?);
        let url = format!("{}/.well-known/openid-configuration", self.issuer());
        let ready = probe::until(READY, || Ok::<_, LaunchError>(curl(&["-sf", &url]).is_ok().then_some(())))?;
        ready.ok_or_else(|| LaunchError::NotReady {
            program: "oidc-provider".to_owned(),
            detail: fs::read_to_string(&log).unwrap_or_default(),
        })
    }

    /// Follows a browser from `url` to the redirect URI, and answers the whole address it came to.
    ///
    /// # Errors
    /// When it does not come there.
    pub fn browse(&self, url: &str) -> Result<String, LaunchError> {
        let jar = self.directory.join("cookies");
        let _ = fs::remove_file(&jar);
        let jar = jar.display().to_string();
        let mut at = url.to_owned();
        for _ in 0..10 {
            if at.starts_with(&self.redirect) {
                return Ok(at);
            }
            at = curl(&["-s", "-c", &jar, "-b", &jar, "-o", "/dev/null", "-w", "%{redirect_url}", &at])?;
        }
        Err(LaunchError::failed("the sign-in at oidc-provider", at))
    }

    /// An access token of the account for `api://ephor`, as a program of that issuer gets one by code and PKCE.
    ///
    /// # Errors
    /// When it gets none.
    pub fn person_token(&self) -> Result<String, LaunchError> {
        // The pair of RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let back = self.browse(&format!(
            "{}/auth?client_id=ephor&response_type=code&scope=openid%20api&redirect_uri={}&state=s&code_challenge={challenge}\
             &code_challenge_method=S256",
            self.issuer(),
            self.redirect
        ))?;
        let code = back.split(['?', '&']).find_map(|part| part.strip_prefix("code="));
        let code = code.ok_or_else(|| LaunchError::failed("the sign-in at oidc-provider", back.clone()))?;
        let secret = "ephor:a%20secret%2Fof%2Bours";
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={}&code_verifier={verifier}",
            self.redirect
        );
        self.token_by(secret, &form)
    }

    /// A token that the client `svc` gets for itself.
    ///
    /// # Errors
    /// When it gets none.
    pub fn application_token(&self) -> Result<String, LaunchError> {
        self.token_by("svc:secret", "grant_type=client_credentials&scope=api")
    }

    fn token_by(&self, client: &str, form: &str) -> Result<String, LaunchError> {
        let url = format!("{}/token", self.issuer());
        let answer = curl(&["-s", "-u", client, "-d", form, &url])?;
        let answer: serde_json::Value =
            serde_json::from_str(&answer).map_err(|error| LaunchError::failed("oidc-provider", error.to_string()))?;
        let token = answer.get("access_token").and_then(serde_json::Value::as_str).map(str::to_owned);
        token.ok_or_else(|| LaunchError::failed("oidc-provider", answer.to_string()))
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        self.process = None;
        let _ = fs::remove_file(self.modules.join(format!("provider-{}.mjs", self.port.number())));
    }
}

fn curl(arguments: &[&str]) -> Result<String, LaunchError> {
    let output = Command::new("curl").args(arguments).output().map_err(LaunchError::os("running curl"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(LaunchError::failed("curl", output.status.to_string()))
    }
}

/// The folder with the npm package, installed if it is not there.
fn modules() -> Result<PathBuf, LaunchError> {
    let folder = std::env::temp_dir().join("ephor-test-oidc-provider-9");
    fs::create_dir_all(&folder).map_err(LaunchError::os("making the folder of the npm package"))?;
    let lock = File::create(folder.join("lock")).map_err(LaunchError::os("locking the npm package"))?;
    lock.lock().map_err(LaunchError::os("locking the npm package"))?;
    if !is_installed(&folder) {
        let npm = find_program("npm", "npm")?;
        fs::write(folder.join("package.json"), "{\"private\":true,\"type\":\"module\"}\n")
            .map_err(LaunchError::os("writing package.json"))?;
        let installed = Command::new(npm)
            .args(["install", "--no-audit", "--no-fund", "--silent", PACKAGE])
            .current_dir(&folder)
            .output()
            .map_err(LaunchError::os("running npm"))?;
        if !installed.status.success() || !is_installed(&folder) {
            return Err(Unavailable { program: "oidc-provider", package: "npm oidc-provider" }.into());
        }
    }
    Ok(folder)
}

fn is_installed(folder: &Path) -> bool {
    folder.join("node_modules/oidc-provider/package.json").exists()
}
