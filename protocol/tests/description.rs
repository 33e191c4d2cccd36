//! What the interfaces say of themselves to `varlinkctl` and its like: it must never leave out, or make up, what the types have.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use pam_2fa_protocol::wire::decode_call;
use pam_2fa_protocol::{admin, courier, login, service, status};

/// The administrator's methods and errors.
const ADMIN: &[&str] = &[
    admin::USER_LIST,
    admin::USER_SHOW,
    admin::USER_SET,
    admin::USER_VERIFY_BEGIN,
    admin::USER_VERIFY_FINISH,
    admin::USER_UNLOCK,
    admin::USER_DISABLE,
    admin::USER_RESET,
    admin::USER_INVITE,
    admin::USER_GRANT,
    admin::USER_IMPORT,
    admin::TEST_EMAIL,
    admin::TEST_SMS,
    admin::TESTED,
    admin::MANDATORY_UNTESTED,
    admin::EMAIL_REACH,
    admin::SEAL,
    admin::OPEN_SECRET,
    admin::RELOAD,
    admin::STATUS,
    admin::EXPLAIN,
    admin::LOG,
    admin::DEVICE_LIST,
    admin::DEVICE_REVOKE,
    admin::EXEMPTION_CHANGED,
    admin::BREAK_GLASS_CHANGED,
    admin::CODED_LOGIN,
    admin::GENERATION,
    admin::RESTORE_ACCEPT,
    admin::CLOCK_STATUS,
    admin::CLOCK_RESET,
    admin::KEY_STATUS,
    admin::KEY_ROTATE,
    admin::KEY_RESEAL,
    admin::KEY_FORGET,
    admin::KEY_EXPORT,
    admin::KEY_IMPORT,
    admin::BACKUP,
    admin::RESTORE_PUT,
    admin::RESTORE,
    admin::NOT_PERMITTED,
    admin::NOT_FOUND,
    admin::REFUSED,
    admin::SEALED,
];

#[test]
fn every_method_and_error_of_the_types_stands_in_the_description_and_the_other_way_round() {
    let login = ["Begin", "Answer", "VersionNotSupported", "NotPermitted", "Sealed", "Busy"];
    let courier = ["Send", "Reach", "Sandbox", "NotPermitted"];
    let readers = ["Status", "NotPermitted"];
    let admin: Vec<&str> = ADMIN.iter().map(|name| name.rsplit_once('.').unwrap().1).collect();
    for (service, ours) in [
        (login::SERVICE, login.as_slice()),
        (courier::SERVICE, courier.as_slice()),
        (admin::SERVICE, admin.as_slice()),
        (status::SERVICE, readers.as_slice()),
    ] {
        let described: Vec<&str> = service
            .description
            .lines()
            .filter_map(|line| line.strip_prefix("method ").or_else(|| line.strip_prefix("error ")))
            .map(|line| line.split('(').next().unwrap().trim())
            .collect();
        let mut sorted = (described.clone(), ours.to_vec());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1, "{}", service.interface);
        assert!(service.description.contains(&format!("interface {}\n", service.interface)));
    }
}

#[test]
fn org_varlink_service_answers_for_each_interface() {
    let ask = |service: service::Service, frame: &[u8]| {
        String::from_utf8(service.answer(&decode_call(frame).unwrap()).unwrap().to_vec()).unwrap()
    };
    for service in [login::SERVICE, courier::SERVICE, admin::SERVICE] {
        let info = ask(service, br#"{"method":"org.varlink.service.GetInfo"}"#);
        assert!(info.contains(service.interface) && info.contains("\"org.varlink.service\""), "{info}");
        for interface in [service.interface, "org.varlink.service"] {
            let call = format!(
                r#"{{"method":"org.varlink.service.GetInterfaceDescription","parameters":{{"interface":"{interface}"}}}}"#
            );
            let described = ask(service, call.as_bytes());
            assert!(described.contains(&format!("interface {interface}\\n")), "{described}");
            assert!(described.len() < pam_2fa_protocol::MAX_FRAME, "{} bytes", described.len());
        }
        let unknown = ask(service, format!(r#"{{"method":"{}.Nonsense"}}"#, service.interface).as_bytes());
        assert!(unknown.contains("org.varlink.service.MethodNotFound"), "{unknown}");
        let elsewhere = ask(service, br#"{"method":"io.example.Other.Ping"}"#);
        assert!(elsewhere.contains("org.varlink.service.InterfaceNotFound"), "{elsewhere}");
    }
}
