//! `ephor serve`.

use std::sync::Arc;

use ephor_cli::config::{Config, connections, secrets::Resolved, values::Text};
use ephor_connect::{HttpMfaHook, Webhook};
use ephor_domain::id::TargetId;
use ephor_engine::port::{Clock, mfa::MfaProvider, notify::Notifier, target::TargetDirectory};
use ephor_front::{Binding, Socket, certificate::Certificates, owner::OwnerTable};
use ephor_identity::factor::PasskeyPlace;
use tokio::task::JoinSet;

use crate::{
    exit::{Done, Failure},
    process::{
        LogNotifier, Process, Setup, Stop, addresses,
        foundation::Foundation,
        keepsake,
        open::{self, Configured},
        outside, vouchers,
    },
};

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    configured: Configured,
}

/// Serves until told to stop.
pub(crate) async fn run(arguments: &Arguments) -> Done {
    let (config, resolved) = arguments.configured.read()?;
    ephor_cli::logging::init(&config.log).map_err(|error| Failure::usage(error.to_string()))?;
    let mistakes = connections::check(&config, &resolved);
    if !mistakes.is_empty() {
        let lines = mistakes.iter().map(|mistake| format!("{}: {}", mistake.key(), mistake.text()));
        return Err(Failure::usage(lines.collect::<Vec<_>>().join("\n")));
    }
    let stop = Stop::listen()?;
    let mut beside = JoinSet::new();
    let sockets = bind(&config, &mut beside).await?;
    let opened = open::open(&config, &resolved).await?;
    for name in &opened.foundation.forgotten {
        tracing::warn!(target_name = name, "a target of the store is not configured: nothing is written to it");
    }
    if let Some(path) = &config.audit.checkpoint_file {
        beside.spawn(keepsake::follow(opened.store.clone(), path.clone()));
    }
    let own = addresses(&sockets);
    let unusable = |key: &str, error: &dyn std::fmt::Display| Failure::usage(format!("{key}: {error}"));
    let mfa: Option<Arc<dyn MfaProvider>> = match &resolved.mfa_hook {
        Some(hook) => Some(Arc::new(
            HttpMfaHook::new(hook, &own, Arc::clone(&opened.clock)).map_err(|error| unusable("mfa_hook", &error))?,
        )),
        None => None,
    };
    let keys = open::keys(&config, &opened).await?;
    let process = Process::new(Setup {
        issuer: open::issuer(&config, &opened.foundation),
        arm: open::arm(&config, &opened.foundation),
        token_rules: open::token_rules(&config, &opened.foundation),
        public_url: open::public_url(&config),
        issuers: outside::issuers(&config, &resolved, &own, &opened.clock)?,
        directories: vouchers::directories(&config)?,
        tickets: vouchers::tickets(&config)?,
        keys,
        targets: targets(&config, &opened.foundation, &own, &opened.clock)?,
        mfa,
        notifier: notifier(&resolved, &own, &opened.clock)?,
        owners: OwnerTable::new([opened.foundation.tenant.to_string()]).map_err(|error| unusable("tenant", &error))?,
        store: opened.store,
        clock: opened.clock,
        simulated: None,
        entropy: opened.entropy,
        signer: opened.signer,
        passkeys: config
            .public_url
            .as_ref()
            .and_then(|Text(origin)| PasskeyPlace::of(&origin.to_string().parse().ok()?)),
        sign_in: config.sign_in.settings(),
        allowed_origins: config.allowed_origins.iter().map(|Text(origin)| origin.clone()).collect(),
        public_origin: config.public_url.as_ref().map(|Text(origin)| origin.clone()),
        proxies: config.trusted_proxies.iter().map(|Text(network)| *network).collect(),
        limits: vouchers::limits(&config),
        calls_per_second: config.limits.calls_per_second,
        demo: false,
    })?;
    process.engine().keep_records(config.audit.retention_days);
    process.engine().keep_orders(config.schedules.request_retention_days);
    if !process.engine().has_administrator().await.map_err(anyhow::Error::from)? {
        tracing::warn!("not ready: there is no administrator; run `ephor admin init --user NAME` on this host");
    }
    for address in &own {
        tracing::info!(%address, "serving");
    }
    process.serve(sockets, stop).await;
    beside.shutdown().await;
    Ok(())
}

async fn bind(config: &Config, beside: &mut JoinSet<()>) -> Done<Vec<Socket>> {
    let mut bindings = Vec::new();
    for Text(address) in &config.http.listen {
        bindings.push(Binding::plain(*address, config.allow_plain_http));
    }
    if let (Some(chain), Some(key)) = (&config.tls.cert_file, &config.tls.key_file)
        && !config.https.listen.is_empty()
    {
        let certificates = Certificates::load(chain, key).map_err(|error| Failure::usage(format!("tls: {error}")))?;
        beside.spawn(Arc::clone(&certificates).follow(config.tls.reload.std()));
        for Text(address) in &config.https.listen {
            bindings.push(Ok(Binding::tls(*address, Arc::clone(&certificates))));
        }
    }
    let mut sockets = Vec::new();
    for binding in bindings {
        let binding = binding.map_err(|error| Failure::usage(error.to_string()))?;
        sockets.push(binding.bind().await.map_err(anyhow::Error::from)?);
    }
    Ok(sockets)
}

fn targets(
    config: &Config,
    foundation: &Foundation,
    own: &[std::net::SocketAddr],
    clock: &Arc<dyn Clock>,
) -> Done<Vec<Arc<dyn TargetDirectory>>> {
    let mut targets: Vec<Arc<dyn TargetDirectory>> = Vec::new();
    for (name, target) in &config.targets {
        let id: Option<&TargetId> = foundation.targets.get(name);
        let id =
            id.copied().ok_or_else(|| Failure::Failed(anyhow::anyhow!("the store has no row for target {name}")))?;
        // A target without a way to it, or with several, is a mistake that was told when the file was read.
        let Some(way) = target.way() else { continue };
        let directory = way
            .open(id, own, clock)
            .map_err(|error| Failure::usage(format!("targets.{name}.{}: {error}", way.table())))?;
        targets.push(directory);
    }
    Ok(targets)
}

fn notifier(resolved: &Resolved, own: &[std::net::SocketAddr], clock: &Arc<dyn Clock>) -> Done<Arc<dyn Notifier>> {
    match &resolved.webhook {
        Some(webhook) => {
            let webhook = Webhook::new(webhook, own, Arc::clone(clock))
                .map_err(|error| Failure::usage(format!("notifications.webhook: {error}")))?;
            Ok(Arc::new(webhook))
        }
        None => Ok(Arc::new(LogNotifier)),
    }
}
