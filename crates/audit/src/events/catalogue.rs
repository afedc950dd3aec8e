//! The table itself. The title is the documentation of the constant.

use super::{Event, Severity};

/// Makes one constant of each row, and [`ALL`] of all rows, so that none can be forgotten there.
macro_rules! catalogue {
    ($($name:ident = $id:literal $kind:literal $severity:ident $title:literal;)*) => {
        $(
            #[doc = $title]
            #[doc = concat!("(", $id, ", `", $kind, "`).")]
            pub const $name: Event = Event { id: $id, kind: $kind, severity: Severity::$severity, title: $title };
        )*

        /// Every event, by ascending number.
        pub const ALL: &[Event] = &[$($name),*];
    };
}

catalogue! {
    MFA_NOT_COMPLETED = 101 "request.transition" Error "The requester's MFA challenge failed or timed out (T8)";
    MFA_COMPLETED = 103 "request.transition" Information "The requester completed MFA during activation (T6, T7)";
    PHONE_NUMBER_CHANGED = 825 "monitor.finding" Warning "The telephone number of an account changed at its source";

    // 9001-9019: transitions of PAM 9.2, by their number; 9006 to 9008 are 103, 103 and 101.
    REQUEST_ACCEPTED = 9001 "request.transition" Information "A request was accepted (T1)";
    REQUEST_AWAITS_MFA = 9002 "request.transition" Information "A request waits for the requester's MFA (T2)";
    REQUEST_AWAITS_APPROVAL = 9003 "request.transition" Information "A request waits for approval (T3)";
    REQUEST_SCHEDULED = 9004 "request.transition" Information "A request waits for its start (T4)";
    REQUEST_ACTIVE = 9005 "request.transition" Information "An activation is in force at its targets (T5)";
    REQUEST_APPROVED_SCHEDULED = 9009 "request.transition" Information "A request was approved and waits for its start (T9)";
    REQUEST_APPROVED_ACTIVE = 9010 "request.transition" Information "A request was approved and is in force (T10)";
    REQUEST_REJECTED = 9011 "request.transition" Information "An approver rejected a request (T11)";
    REQUEST_APPROVAL_TIMED_OUT = 9012 "request.transition" Warning "Nobody decided a request in time (T12)";
    REQUEST_STARTED = 9013 "request.transition" Information "A scheduled activation started (T13)";
    REQUEST_WITHDRAWN = 9014 "request.transition" Information "A request was withdrawn or became void before its start (T14)";
    REQUEST_CLOSING = 9015 "request.transition" Information "An activation is being ended early (T15)";
    REQUEST_ENDED = 9016 "request.transition" Information "The removal of an ended activation is confirmed (T16)";
    REQUEST_EXPIRED = 9017 "request.transition" Information "An activation reached its end (T17)";
    REQUEST_GIVEN_UP = 9018 "request.transition" Error "An activation could not be applied and was given up (T18)";
    REQUEST_PURGED = 9019 "request.transition" Information "A finished request was deleted after its retention (T19)";

    // 9020-9049: the rest of the life of requests and schedules.
    REQUEST_AWAITS_ADMINISTRATOR = 9020 "request.transition" Information "An extension or renewal waits for an administrator";
    REQUEST_ADMINISTRATOR_GRANTED = 9021 "request.transition" Information "An administrator granted an extension or renewal";
    REQUEST_ADMINISTRATOR_DENIED = 9022 "request.transition" Information "An administrator denied an extension or renewal";
    REQUEST_ADMINISTRATOR_TIMED_OUT = 9023 "request.transition" Warning "No administrator decided an extension or renewal in time";
    REQUEST_LAPSED = 9024 "request.transition" Warning "The end asked for passed while a request was pending";
    REQUEST_VOID_AT_START = 9025 "request.transition" Warning "A scheduled request failed its checks at the start";
    REQUEST_APPLYING = 9026 "request.transition" Information "An activation was decided and is being written to its targets";
    REQUEST_PROVISIONED = 9027 "request.transition" Information "An order for an eligibility or assignment was carried out";
    DEACTIVATION_ORDERED = 9030 "request.ended" Information "A principal gave up its activations of an entitlement";
    REVOCATION_ORDERED = 9031 "request.ended" Information "An administrator took an eligibility or assignment away";
    APPROVAL_OPENED = 9035 "approval.opened" Information "An approval stage opened";
    APPROVAL_STAGE_DECIDED = 9036 "approval.decided" Information "One stage of an approval was decided";
    APPROVAL_NOT_NEEDED = 9037 "approval.exempted" Information "A request needed no approval, as the policy exempts its requester";
    APPROVAL_WITHOUT_APPROVER = 9038 "approval.stranded" Warning "An open approval has nobody left who may decide it";
    MFA_CHALLENGE_STARTED = 9040 "mfa.challenge" Information "An MFA challenge for a request was started";
    SCHEDULE_ENDED = 9045 "schedule.ended" Information "An eligibility or assignment ended at its instant";
    SCHEDULE_CUT = 9046 "schedule.changed" Information "A schedule was shortened as what it rests on ends earlier";

    // 9050-9079: refused. PAM-130: one record each.
    CREATE_REFUSED = 9050 "request.refused" Warning "A request was refused";
    CLOSE_REFUSED = 9051 "request.refused" Warning "Closing or cancelling a request was refused";
    DECISION_REFUSED = 9052 "request.refused" Warning "A decision on an approval was refused";
    SELF_APPROVAL_REFUSED = 9053 "request.refused" Warning "A person tried to decide a request of their own";
    OUTSIDE_WINDOW_REFUSED = 9054 "request.refused" Warning "A request came outside the availability window of its role";
    ADMIN_CHANGE_REFUSED = 9055 "admin.refused" Warning "A change to configuration, policy or directory was refused";
    LAST_ADMINISTRATOR_KEPT = 9056 "admin.refused" Warning "Removing the last standing administrator was refused";
    ACCESS_REFUSED = 9057 "call.refused" Warning "A known caller was refused an operation or object";
    RATE_LIMITED = 9058 "call.refused" Warning "A caller exceeded a rate limit";
    FOREIGN_ORIGIN_REFUSED = 9059 "call.refused" Warning "A call from a web origin that is not allowed was refused";
    MAINTENANCE_REFUSED = 9060 "request.refused" Information "A request was refused during maintenance";
    TARGET_UNWRITABLE_REFUSED = 9061 "request.refused" Warning "A request was refused as its target cannot be written";
    RESTORED_STORE_REFUSED = 9062 "request.refused" Warning "A request was refused until an administrator accepts the restored store";

    // 9100-9149: who is calling.
    SIGN_IN_FAILED = 9100 "signin.failed" Warning "A sign-in failed";
    SIGN_IN_FAILURES_COUNTED = 9101 "signin.failed" Warning "Further failed sign-ins of one account or address within a minute, counted";
    SIGNED_IN = 9102 "signin.succeeded" Information "A principal signed in";
    SIGNED_OUT = 9103 "signin.ended" Information "A session was ended";
    LOCKED_OUT = 9104 "signin.locked" Warning "An account or address was locked out after failures";
    LOCK_LIFTED = 9105 "signin.unlocked" Information "A lock-out was lifted by an administrator";
    ANONYMOUS_CALL_REFUSED = 9106 "call.unauthenticated" Warning "A call without valid credentials was refused";
    ANONYMOUS_CALLS_COUNTED = 9107 "call.unauthenticated" Warning "Further calls without valid credentials within a minute, counted";
    STEP_UP_COMPLETED = 9108 "signin.step_up" Information "A session was strengthened by a fresh factor";
    STEP_UP_FAILED = 9109 "signin.step_up" Warning "A fresh factor was asked for and not given";
    FACTOR_REPLAY_REFUSED = 9110 "signin.replay" Error "A one-time code or assertion was used a second time";
    AUTHENTICATOR_COUNTER_BACK = 9111 "signin.replay" Error "The counter of a security key went back: it may be copied";
    REFRESH_TOKEN_REPLAYED = 9112 "token.replay" Error "A used refresh token was presented again; its family was revoked";
    TOKEN_FORGED = 9113 "token.forged" Error "A token with a wrong signature, issuer, tenant or claim was refused";
    TOKENS_REVOKED = 9114 "token.revoked" Information "Sessions or tokens of a principal were revoked";
    API_TOKEN_CREATED = 9115 "token.created" Information "An API token was created";
    API_TOKEN_REVOKED = 9116 "token.revoked" Information "An API token was revoked or expired";
    FACTOR_ENROLLED = 9120 "mfa.enrolled" Information "A second factor was enrolled";
    FACTOR_REMOVED = 9121 "mfa.removed" Warning "A second factor was removed";
    FACTOR_RESET_BY_ADMINISTRATOR = 9122 "mfa.reset" Warning "An administrator reset the second factors of a person";
    PASSWORD_CHANGED = 9123 "credential.changed" Information "A password was changed";
    ENROLMENT_LINK_ISSUED = 9124 "credential.link" Warning "An enrolment link was issued";
    ENROLMENT_LINK_USED = 9125 "credential.link" Information "An enrolment link was used";
    SIGNING_KEY_MADE = 9126 "key.made" Information "A key that signs tokens was made";
    SIGNING_KEYS_REPLACED = 9127 "key.replaced" Warning "All keys that sign tokens were replaced, and every token ended";
    RECOVERY_CODES_MADE = 9128 "mfa.enrolled" Information "New recovery codes took the place of the old ones";
    RECOVERY_CODE_USED = 9129 "mfa.recovery" Warning "A recovery code was used in place of a second factor";
    CONSENT_GRANTED = 9130 "consent.changed" Information "An administrator consented to scopes of an application";
    CONSENT_WITHDRAWN = 9131 "consent.changed" Information "Consent to scopes of an application was withdrawn";

    // 9200-9279: changes by administrators, provisioning clients and owners.
    PRINCIPAL_CREATED = 9200 "admin.changed" Information "A principal was created";
    PRINCIPAL_CHANGED = 9201 "admin.changed" Information "A principal was changed";
    PRINCIPAL_DISABLED = 9202 "admin.changed" Warning "A principal was disabled";
    PRINCIPAL_ENABLED = 9203 "admin.changed" Information "A principal was enabled";
    PRINCIPAL_DELETED = 9204 "admin.changed" Warning "A principal was deleted";
    ACCOUNTS_LINKED = 9205 "admin.changed" Warning "Two accounts were linked as one person";
    ACCOUNTS_UNLINKED = 9206 "admin.changed" Warning "Two accounts of a person were unlinked";
    UNLINK_IN_FORCE = 9207 "admin.changed" Information "An unlinking took effect, as the open requests of both have ended";
    IDENTITY_LINKED = 9208 "admin.changed" Warning "An identity of an outside issuer was linked to an account";
    IDENTITY_UNLINKED = 9209 "admin.changed" Warning "The link of an outside identity to an account was ended";
    GROUP_CREATED = 9210 "admin.changed" Information "A group was created";
    GROUP_CHANGED = 9211 "admin.changed" Information "A group was changed";
    GROUP_DELETED = 9212 "admin.changed" Warning "A group was deleted";
    GROUP_MEMBER_ADDED = 9213 "admin.changed" Information "A member or owner was added to a group";
    GROUP_MEMBER_REMOVED = 9214 "admin.changed" Information "A member or owner was removed from a group";
    GROUP_BOUND = 9215 "admin.changed" Warning "A group was bound to a group of a target";
    GROUP_UNBOUND = 9216 "admin.changed" Warning "The binding of a group to a target was removed";
    ROLE_CREATED = 9220 "admin.changed" Information "A role was created";
    ROLE_CHANGED = 9221 "admin.changed" Warning "A role was changed";
    ROLE_DELETED = 9222 "admin.changed" Warning "A role was deleted";
    CANDIDATE_ADDED = 9223 "admin.changed" Information "A candidate was added to a role";
    CANDIDATE_REMOVED = 9224 "admin.changed" Information "A candidate was removed from a role";
    APPROVER_ADDED = 9225 "admin.changed" Warning "An approver was added";
    APPROVER_REMOVED = 9226 "admin.changed" Information "An approver was removed";
    ELIGIBILITY_ASSIGNED = 9230 "admin.changed" Information "An eligibility was assigned, extended or renewed";
    ELIGIBILITY_CHANGED = 9231 "admin.changed" Information "An eligibility was changed";
    ELIGIBILITY_REMOVED = 9232 "admin.changed" Information "An eligibility was removed";
    ASSIGNMENT_ASSIGNED = 9233 "admin.changed" Warning "A standing or timed assignment was made";
    ASSIGNMENT_CHANGED = 9234 "admin.changed" Warning "An assignment was changed";
    ASSIGNMENT_REMOVED = 9235 "admin.changed" Information "An assignment was removed";
    SELF_ASSIGNED = 9236 "admin.changed" Warning "An administrator assigned something to themselves";
    GROUP_ONBOARDED = 9237 "admin.changed" Information "A group came under privileged access with its first order";
    POLICY_CHANGED = 9240 "admin.changed" Warning "The policy of an entitlement was changed";
    ALERT_SETTING_CHANGED = 9241 "admin.changed" Information "The setting of an alert was changed";
    ALERT_DISMISSED = 9242 "admin.changed" Information "An alert was dismissed";
    ALERT_REFRESHED = 9243 "admin.changed" Information "A scan for alerts was ordered";
    APPLICATION_CHANGED = 9245 "admin.changed" Information "An application was registered or changed";
    APPLICATION_CREDENTIAL_ADDED = 9246 "admin.changed" Warning "A secret or key was added to an application";
    APPLICATION_DELETED = 9247 "admin.changed" Information "An application was deleted";
    ISSUER_CHANGED = 9248 "admin.changed" Warning "An outside issuer was added, changed or removed";
    TARGET_ADDED = 9250 "admin.changed" Warning "A target directory was added";
    TARGET_CHANGED = 9251 "admin.changed" Warning "A target directory was changed";
    TARGET_REMOVED = 9252 "admin.changed" Warning "A target directory was removed";
    CONFIGURATION_CHANGED = 9255 "admin.changed" Information "The configuration of the service was changed";
    MAINTENANCE_STARTED = 9256 "admin.changed" Warning "Maintenance mode was switched on";
    MAINTENANCE_ENDED = 9257 "admin.changed" Information "Maintenance mode was switched off";
    ROOT_ELEVATION_TAKEN = 9260 "admin.elevated" Critical "An administrator took access to all resource scopes";
    ROOT_ELEVATION_GIVEN_BACK = 9261 "admin.elevated" Information "An administrator gave access to all resource scopes back";
    SCOPE_REGISTERED = 9262 "admin.changed" Information "A resource scope was registered";
    SCOPE_CHANGED = 9263 "admin.changed" Warning "A resource scope was renamed or moved";
    SCOPE_REMOVED = 9264 "admin.changed" Warning "A resource scope was removed";
    DENIAL_ADDED = 9265 "admin.changed" Warning "A deny assignment was laid down or changed";
    DENIAL_REMOVED = 9266 "admin.changed" Warning "A deny assignment was lifted";
    REVIEW_DECIDED = 9270 "review.decided" Information "An access review decided about an access";

    // 9300-9349: what the monitor and the read-back of targets found.
    SOURCE_ACCOUNT_DISABLED = 9300 "monitor.finding" Warning "An account is disabled at its source; the linked account was disabled";
    SOURCE_ACCOUNT_GONE = 9301 "monitor.finding" Warning "An account no longer exists at its source";
    SOURCE_ACCOUNT_CHANGED = 9302 "monitor.finding" Information "An account changed at its source";
    SOURCE_GROUP_CHANGED = 9303 "monitor.finding" Warning "A group changed or vanished at its source";
    DIRECT_MEMBER_FOUND = 9304 "monitor.finding" Warning "Somebody was added directly to a privileged group";
    DRIFT_FOREIGN_ADDITION = 9310 "target.drift" Warning "A target has a membership that no grant owes and nobody had before";
    DRIFT_FOREIGN_REMOVAL = 9311 "target.drift" Warning "A membership in force was removed at the target by somebody else";
    DRIFT_READDED = 9312 "target.drift" Error "Another tool added a membership again after its end";
    DRIFT_CORRECTED = 9313 "target.drift" Information "Drift at an authoritative target was corrected";
    DRIFT_CORRECTION_CAPPED = 9314 "target.drift" Error "Corrections at a target were stopped at their rate limit";
    GRANT_ENDED_BY_DRIFT = 9315 "target.drift" Warning "A grant ended as its membership was removed at a report-only target";
    ALERT_RAISED = 9320 "alert.raised" Warning "A scan raised an alert";
    ALERT_RESOLVED = 9321 "alert.resolved" Information "An alert was resolved";

    // 9400-9449: carrying grants out.
    APPLY_FAILED = 9400 "target.apply_failed" Warning "A membership could not be written and is retried";
    REMOVAL_FAILED = 9401 "target.removal_failed" Error "A membership could not be removed and is retried for ever";
    REMOVAL_OVERDUE_30_S = 9402 "target.removal_overdue" Error "A removal is overdue by 30 seconds";
    REMOVAL_OVERDUE_5_MIN = 9403 "target.removal_overdue" Critical "A removal is overdue by 5 minutes";
    REMOVAL_OVERDUE_1_H = 9404 "target.removal_overdue" Critical "A removal is overdue by 1 hour";
    REMOVAL_CAUGHT_UP = 9405 "target.removal_overdue" Information "An overdue removal is confirmed";
    REMOVAL_RECORDED_LATE = 9406 "target.removal_late" Warning "A removal was sent while the store was down and is recorded now";
    MEMBERSHIP_KEPT = 9407 "target.membership_kept" Information "A membership stays, as another grant or an earlier owner justifies it";
    TARGET_UNREACHABLE = 9410 "target.unreachable" Error "A target stopped answering";
    TARGET_REACHABLE = 9411 "target.reachable" Information "A target answers again";
    TARGET_UNWRITABLE = 9412 "target.unwritable" Critical "The self-test of a target failed: it cannot be written";
    TARGET_WRITABLE = 9413 "target.writable" Information "The self-test of a target succeeds again";
    NATIVE_EXPIRY_REFUSED = 9414 "target.native_expiry" Warning "A target that should expire memberships by itself did not take a time to live";
    TARGET_LEASE_TAKEN = 9415 "target.lease_taken" Information "A node took the work of a target over from another";
    TARGET_RESOURCE_LOCKED = 9416 "target.locked" Warning "An activation failed as the resource is locked";

    // 9500-9519: emergencies.
    EMERGENCY_END = 9500 "emergency.ended" Critical "Access was ended at once by an emergency order";
    EMERGENCY_ADMINISTRATOR = 9501 "emergency.administrator" Critical "An administrator was made on the host although an active one exists";
    BREAK_GLASS_USED = 9502 "emergency.break_glass" Critical "A break-glass account was used";
    EMERGENCY_RECOVERY = 9503 "emergency.recovery" Critical "The second factors of an administrator were reset on the host";

    // 9600-9649: the service and its surroundings.
    SERVICE_STARTED = 9600 "service.started" Information "A node started";
    SERVICE_STOPPED = 9601 "service.stopped" Information "A node stopped in order";
    CLOCK_JUMPED_FORWARD = 9602 "clock.jumped" Warning "The clock jumped forward";
    CLOCK_JUMPED_BACK = 9603 "clock.jumped" Critical "The clock jumped back; no grant was extended";
    CLOCK_SKEW = 9604 "clock.skewed" Error "The clocks of a node and the database differ";
    RESTORE_DETECTED = 9605 "store.restored" Critical "The store is older than the last checkpoint seen: it was restored; additions stopped";
    RESTORE_ACCEPTED = 9606 "store.restored" Warning "An administrator accepted a restored store; additions go on";
    RESTORED_GRANT_CLOSED = 9607 "store.restored" Warning "A grant of a restored store was closed, as its membership is gone at the target";
    SCHEMA_MIGRATED = 9608 "store.migrated" Information "The store was migrated to a newer schema";
    STORE_LOST = 9609 "store.lost" Critical "The store could not be written; nothing was granted";
    STORE_RECOVERED = 9610 "store.recovered" Information "The store can be written again";
    INCONSISTENCY_FOUND = 9611 "store.inconsistent" Critical "A stored row forms no legal state";
    BACKUP_TAKEN = 9612 "store.backed_up" Information "A backup of the store was taken";

    // 9700-9729: the audit log itself.
    AUDIT_LOG_OPENED = 9700 "audit.opened" Information "The audit log begins";
    AUDIT_KEY_CREATED = 9701 "audit.key" Information "The key that signs checkpoints was created";
    AUDIT_KEY_ROTATED = 9702 "audit.key" Warning "Checkpoints are signed by a new key from now on";
    AUDIT_CHECKPOINT_PUBLISHED = 9703 "audit.checkpoint" Information "A checkpoint was sent to its sink";
    AUDIT_CHECKPOINT_FAILED = 9704 "audit.checkpoint" Error "A checkpoint could not be signed or sent";
    AUDIT_TEXT_ERASED = 9705 "audit.erased" Warning "Names and free text of records were erased";
    AUDIT_BODIES_PRUNED = 9706 "audit.pruned" Information "Record bodies were deleted after their retention; their hashes stay";
    AUDIT_EXPORTED = 9707 "audit.exported" Information "The audit log was exported";
    AUDIT_SINK_LAGGING = 9708 "audit.sink" Error "A remote audit sink lags behind";
    AUDIT_SINK_RECOVERED = 9709 "audit.sink" Information "A remote audit sink caught up";
    AUDIT_VERIFIED = 9710 "audit.verified" Information "The audit log was verified";
    AUDIT_VERIFICATION_FAILED = 9711 "audit.verified" Critical "The audit log failed its verification";
    AUDIT_READ = 9712 "audit.read" Information "Somebody read the audit log";

    // 9800-9819: notifier and outgoing calls.
    NOTIFICATION_FAILED = 9800 "notify.failed" Error "A notification could not be delivered and was given up";
    HOOK_FAILED = 9801 "hook.failed" Error "A decision hook or MFA provider failed; the answer counts as no";
    HOOK_ADDRESS_REFUSED = 9802 "hook.refused" Warning "An outgoing call to an address that is not allowed was refused";

    // 9900-9909: the beginning.
    FIRST_ADMINISTRATOR = 9900 "bootstrap.administrator" Warning "The first administrator was made on the host";
}
