//! The C face through the header and the static library, as C code meets them.

mod support;

use std::process::Command;

#[test]
fn a_c_program_compiles_loads_and_runs() {
    let exe = std::env::current_exe().unwrap();
    let library = exe.ancestors().nth(2).unwrap().join("libfog_wasm.a");
    let dir = std::env::temp_dir().join(format!("fog_wasm_face_{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (program, module) = (dir.join("face"), dir.join("upper.wasm"));
    let component = dir.join("service.wasm");
    std::fs::write(&module, support::guest("upper")).unwrap();
    std::fs::write(&component, support::component("service")).unwrap();
    let made = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/face.c"))
        .arg(library)
        .args(["-lpthread", "-lm", "-ldl"])
        .status()
        .unwrap();
    assert!(made.success());
    let ran = Command::new(&program).arg(&module).arg(&component).output().unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}
