# The Rust crate executor/wasm as the imported static library `fog_wasm`, built by cargo into
# build/cargo, which all presets share: it is always an optimized build, and sanitizers stop at its
# C face. Needs Rust 1.95 (contrib/setup says where from).
find_program(CARGO cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)
set(FOG_CARGO_DIR ${CMAKE_SOURCE_DIR}/build/cargo CACHE PATH "Where cargo builds")
set(fog_wasm_library ${FOG_CARGO_DIR}/release/libfog_wasm.a)
file(GLOB_RECURSE fog_wasm_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/executor/wasm/src/*.rs)
add_custom_command(
  OUTPUT ${fog_wasm_library}
  COMMAND ${CARGO} build --release --locked --lib
          --manifest-path ${CMAKE_SOURCE_DIR}/executor/wasm/Cargo.toml --target-dir ${FOG_CARGO_DIR}
  COMMAND ${CMAKE_COMMAND} -E touch ${fog_wasm_library}
  DEPENDS ${fog_wasm_sources} ${CMAKE_SOURCE_DIR}/executor/wasm/Cargo.toml
          ${CMAKE_SOURCE_DIR}/executor/wasm/Cargo.lock
  COMMENT "cargo: the WebAssembly runtime (executor/wasm)"
  USES_TERMINAL VERBATIM)
add_custom_target(fog_wasm_build DEPENDS ${fog_wasm_library})
add_library(fog_wasm STATIC IMPORTED GLOBAL)
set_target_properties(fog_wasm PROPERTIES IMPORTED_LOCATION ${fog_wasm_library})
target_link_libraries(fog_wasm INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m gcc_s)
add_dependencies(fog_wasm fog_wasm_build)

# Makes components of what clang compiles, for tests of services in parts.
set(fog_component_tool ${FOG_CARGO_DIR}/release/examples/component)
add_custom_command(
  OUTPUT ${fog_component_tool}
  COMMAND ${CARGO} build --release --locked --example component
          --manifest-path ${CMAKE_SOURCE_DIR}/executor/wasm/Cargo.toml --target-dir ${FOG_CARGO_DIR}
  COMMAND ${CMAKE_COMMAND} -E touch ${fog_component_tool}
  DEPENDS ${fog_wasm_library} ${CMAKE_SOURCE_DIR}/executor/wasm/examples/component.rs
  COMMENT "cargo: the component maker (executor/wasm/examples)"
  USES_TERMINAL VERBATIM)
add_custom_target(fog_component DEPENDS ${fog_component_tool})

# Its own tests: hostile guests, C guests, a C caller, replays in another process.
if(NOT FOG_FUZZ AND NOT FOG_SANITIZE)
  add_test(NAME unit.executor_wasm
           COMMAND ${CARGO} test --release --locked --target-dir ${FOG_CARGO_DIR}
                   --manifest-path ${CMAKE_SOURCE_DIR}/executor/wasm/Cargo.toml)
  set_tests_properties(unit.executor_wasm PROPERTIES LABELS unit TIMEOUT 1200)
endif()
