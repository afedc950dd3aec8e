//! Prints the description of the admin API: what `docs/openapi/admin.json` holds.
#![expect(clippy::print_stdout, reason = "printing is all it does")]

fn main() {
    print!("{}", ephor_face_admin::openapi_json());
}
