//! `New-PAMUser`: makes the PRIV account and the records, or registers accounts that are there.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::Way,
    id::{PersonId, PrincipalId, TargetId},
    pam::{
        settings::check_account_name,
        user::{Source, User},
    },
    principal::{Actor, Principal, PrincipalKind},
};
use ephor_store::{
    Tx,
    tx::{account::Account, credential::Credential, user::UserRow},
};
use secrecy::SecretString;

use super::{LONG, SHORT, UserDetail, account, line, needed, priv_domain};
use crate::{
    admin::{
        credential::given,
        desk::{Command, Desk, Files, Query, Subject},
        target::enforcing,
    },
    answer::Answer,
    engine::Engine,
};

/// What a new user is to be.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// CORP domain; the PRIV domain for a PRIV-only user.
    pub source_domain: String,
    /// CORP account name; the account itself for a PRIV-only user.
    pub source_account: String,
    /// Name of the PRIV account; prefix and source name when absent (`PAM-117`).
    pub priv_account: Option<String>,
    /// The account exists in PRIV alone.
    pub priv_only: bool,
    /// Display name of the PRIV account; its account name when absent.
    pub priv_display_name: Option<String>,
    /// Description of the PRIV account.
    pub priv_description: Option<String>,
    /// What is copied from CORP.
    pub source: Source,
    /// `account@domain` spelling of the PRIV account.
    pub upn: Option<String>,
    /// May sign in and hold from the start.
    pub enabled: bool,
    /// Argon2 text of a local password.
    pub password_hash: Option<String>,
    /// The directory that holds the PRIV account; the only outside one when absent, or none.
    pub target: Option<TargetId>,
    /// Initial password at that directory; a generated one when absent. Never shown or stored.
    pub target_password: Option<SecretString>,
}

impl Engine {
    /// Makes a user. An account that is missing at the target is made there first, so that no record ever names an
    /// account that is not there; making it again after a failure finds it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for names against the rules, [`Refusal::Conflict`] for names that are taken,
    /// [`Refusal::TargetUnwritable`] when the target does not do its part; faults of the store.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Answer<UserDetail> {
        let plan = match self.consult(actor, Plan { new: new.clone() }).await {
            Ok(plan) => plan,
            Err(crate::Denied::Refused(refusal)) if refusal != Refusal::NotAdministrator => {
                self.record_refusal(self.call(actor), Subject::NONE, &refusal).await?;
                return Err(refusal.into());
            }
            Err(denied) => return Err(denied),
        };
        let account = match plan.target {
            None => None,
            Some(target) => {
                let found = self.account_at_target(target, &new, &plan).await;
                match found {
                    Ok(native) => Some((target, native)),
                    Err(refusal) => {
                        self.record_refusal(self.call(actor), Subject::target(target), &refusal).await?;
                        return Err(refusal.into());
                    }
                }
            }
        };
        self.administer(actor, Insert { new, account }).await
    }

    async fn account_at_target(&self, target: TargetId, new: &NewUser, plan: &Planned) -> Result<String, Refusal> {
        let slot = self.inner.targets.get(&target).ok_or(Refusal::TargetUnwritable)?;
        if new.priv_only {
            return account::find(&*slot.directory, &plan.priv_account)
                .await?
                .ok_or(Refusal::Invalid { field: "sourceAccountName", rule: "is not known at the target directory" });
        }
        let password = match &new.target_password {
            Some(password) => password.clone(),
            None => account::generated_password(&*self.inner.entropy, plan.password_length),
        };
        account::create(&*slot.directory, &plan.priv_account, &plan.display_name, password).await
    }
}

/// What is known before the target is asked: the same checks that the command makes again.
#[derive(Debug, Clone)]
struct Plan {
    new: NewUser,
}

#[derive(Debug, Clone)]
struct Planned {
    priv_account: String,
    display_name: String,
    target: Option<TargetId>,
    password_length: u32,
}

impl Query for Plan {
    type Output = Planned;

    fn right(&self) -> Right {
        Right::Pam
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Planned> {
        let names = Names::of(files.tx, &self.new).await?;
        let (known, _) = standing(files.tx, &names).await?;
        let password_length = files.tx.settings().await?.user_admin_password_length;
        let target =
            enforcing(files.tx, self.new.target).await?.filter(|target| !target.built_in).map(|target| target.id);
        // A registered account keeps the place it has.
        let target = match (target, known) {
            (Some(target), Some(known)) if files.tx.account_at(known.id, target).await?.is_some() => None,
            (target, _) => target,
        };
        Ok(Planned { priv_account: names.priv_account, display_name: names.display_name, target, password_length })
    }
}

/// The names of the two accounts, checked.
struct Names {
    domain: String,
    priv_account: String,
    display_name: String,
    source_domain: String,
    source_account: String,
    priv_only: bool,
}

impl Names {
    async fn of(tx: &mut Tx, new: &NewUser) -> Answer<Self> {
        let settings = tx.settings().await?;
        let domain = priv_domain(tx).await?;
        let source_domain = needed("sourceDomain", new.source_domain.clone(), SHORT)?;
        let source_account = needed("sourceAccountName", new.source_account.clone(), SHORT)?;
        if source_domain.contains('\\') || source_account.contains('\\') {
            return Err(Refusal::Invalid { field: "sourceAccountName", rule: "holds a backslash" }.into());
        }
        let is_priv = source_domain.to_lowercase() == domain.to_lowercase();
        if new.priv_only && !is_priv {
            return Err(Refusal::Invalid {
                field: "sourceDomain",
                rule: "must be the PRIV domain for a PRIV-only user",
            }
            .into());
        }
        if !new.priv_only && is_priv {
            return Err(Refusal::Invalid {
                field: "sourceDomain",
                rule: "is the PRIV domain: ask for a PRIV-only user",
            }
            .into());
        }
        let priv_account = match (&new.priv_account, new.priv_only) {
            (Some(name), false) => {
                check_account_name(name)?;
                name.clone()
            }
            (None, false) => settings.priv_account(&source_account)?,
            (_, true) => {
                check_account_name(&source_account)?;
                source_account.clone()
            }
        };
        let display_name =
            line("privDisplayName", new.priv_display_name.clone(), SHORT)?.unwrap_or_else(|| priv_account.clone());
        Ok(Self { domain, priv_account, display_name, source_domain, source_account, priv_only: new.priv_only })
    }
}

/// The two accounts as far as they are there and nobody's yet.
async fn standing(tx: &mut Tx, names: &Names) -> Answer<(Option<Principal>, Option<Principal>)> {
    let known = tx.principal_named(&format!("{}\\{}", names.domain, names.priv_account)).await?;
    if let Some(known) = &known
        && (tx.user(known.id).await?.is_some() || tx.user_of_corp(known.id).await?.is_some())
    {
        return Err(Refusal::Conflict { what: "the PRIV account" }.into());
    }
    if names.priv_only {
        if known.as_ref().is_some_and(|account| account.kind != PrincipalKind::User) {
            return Err(Refusal::Conflict { what: "the PRIV account (it is no person's)" }.into());
        }
        return Ok((known, None));
    }
    let corp = tx.principal_named(&format!("{}\\{}", names.source_domain, names.source_account)).await?;
    if let Some(corp) = &corp
        && (tx.user_of_corp(corp.id).await?.is_some() || tx.user(corp.id).await?.is_some())
    {
        return Err(Refusal::Conflict { what: "the CORP account" }.into());
    }
    if known.iter().chain(&corp).any(|account| account.kind != PrincipalKind::User) {
        return Err(Refusal::Conflict { what: "one of the two accounts (it is no person's)" }.into());
    }
    if let (Some(known), Some(corp)) = (&known, &corp)
        && known.person != corp.person
    {
        return Err(Refusal::Conflict { what: "one of the two accounts (they belong to different persons)" }.into());
    }
    Ok((known, corp))
}

/// Stores the records.
#[derive(Debug, Clone)]
struct Insert {
    new: NewUser,
    /// Target and native name of the PRIV account there.
    account: Option<(TargetId, String)>,
}

impl Command for Insert {
    type Output = UserDetail;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<UserDetail> {
        let Self { new, account } = self;
        let names = Names::of(desk.tx, &new).await?;
        let (known, corp) = standing(desk.tx, &names).await?;
        let source = Source {
            domain: names.source_domain.clone(),
            account: names.source_account.clone(),
            display_name: line("sourceDisplayName", new.source.display_name, SHORT)?,
            description: line("sourceDescription", new.source.description, LONG)?,
            email: line("sourceEmailAddress", new.source.email, SHORT)?,
            phone: line("sourcePhoneNumber", new.source.phone, SHORT)?,
            sid: line("sourceAccountSid", new.source.sid, SHORT)?,
        };
        let fresh = PersonId::new(desk.derived_id("person", desk.call().ids().request.uuid()));
        let person = known.as_ref().or(corp.as_ref()).map_or(fresh, |account| account.person);
        let registered = known.is_some();
        let principal = match known {
            Some(principal) => {
                // Whoever registers somebody's account decides what that person may hold.
                desk.require_over(principal.person).await?;
                principal
            }
            None => {
                let principal = Principal {
                    id: PrincipalId::new(desk.call().ids().request.uuid()),
                    kind: PrincipalKind::User,
                    person,
                    domain: names.domain,
                    account: names.priv_account.clone(),
                    display_name: names.display_name,
                    upn: line("upn", new.upn, SHORT)?,
                    enabled: new.enabled,
                };
                desk.tx.insert_principal(&principal).await?;
                principal
            }
        };
        let corp = match (corp, names.priv_only) {
            (_, true) => None,
            (Some(corp), false) => Some(corp.id),
            (None, false) => {
                let corp = corp_account(desk, &source, person);
                desk.tx.insert_principal(&corp).await?;
                Some(corp.id)
            }
        };
        let user = User {
            id: principal.id,
            corp,
            source,
            description: line("privDescription", new.priv_description, LONG)?,
            has_pin: false,
        };
        desk.tx.insert_user(&user).await?;
        // Whose names they are is for whoever gave them to know.
        given(desk, &principal, Way::Names).await?;
        if let Some(hash) = new.password_hash {
            desk.require_presence()?;
            given(desk, &principal, Way::Password).await?;
            let changed = desk.now();
            desk.tx.put_credential(&Credential { principal: user.id, hash, changed }).await?;
        }
        if let Some((target, native)) = account {
            desk.tx.put_account(&Account { principal: user.id, target, native, login: names.priv_account }).await?;
        }
        let username = principal.username();
        desk.changed(events::PRINCIPAL_CREATED, Subject::user(user.id), |record| {
            record
                .detail("privOnly", user.priv_only())
                .detail("registered", registered)
                .erasable_text("username", username)
                .erasable_text("source", format!("{}\\{}", user.source.domain, user.source.account))
        });
        UserDetail::load(desk.tx, UserRow { user, principal }).await
    }
}

/// Our record of a CORP account that was not known yet. It has no credential here.
fn corp_account(desk: &Desk<'_>, source: &Source, person: PersonId) -> Principal {
    Principal {
        id: PrincipalId::new(desk.derived_id("corp", desk.call().ids().request.uuid())),
        kind: PrincipalKind::User,
        person,
        domain: source.domain.clone(),
        account: source.account.clone(),
        display_name: source.display_name.clone().unwrap_or_else(|| source.account.clone()),
        upn: None,
        enabled: true,
    }
}
