# fog_console_source: the web console as a C++ source, made by npm where there is one; else the page that says so.
find_program(NPM npm)
find_program(NODE node)
if(NPM AND NODE)
  execute_process(COMMAND ${NODE} --version OUTPUT_VARIABLE fog_node_version OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REPLACE v "" fog_node_version "${fog_node_version}")
endif()
if(fog_node_version VERSION_GREATER_EQUAL 20.19)
  set(fog_console_source ${CMAKE_BINARY_DIR}/console/console_files.cc)
  file(GLOB_RECURSE fog_console_parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/contrib/explorer/src/*
    ${CMAKE_SOURCE_DIR}/contrib/explorer/public/* ${CMAKE_SOURCE_DIR}/contrib/explorer/test/*
    ${CMAKE_SOURCE_DIR}/contrib/sdk/src/*)
  foreach(name explorer/build explorer/index.html sdk/stage sdk/tsconfig.json explorer/pack.mjs explorer/package.json explorer/package-lock.json
      explorer/tsconfig.json explorer/vite.config.ts explorer/missing.cc sdk/package.json sdk/package-lock.json)
    list(APPEND fog_console_parts ${CMAKE_SOURCE_DIR}/contrib/${name})
  endforeach()
  add_custom_command(OUTPUT ${fog_console_source}
    COMMAND ${CMAKE_SOURCE_DIR}/contrib/explorer/build ${fog_console_source} ${CMAKE_SOURCE_DIR}/build/console
    DEPENDS ${fog_console_parts} COMMENT "Building the web console (contrib/explorer)" VERBATIM)
else()
  message(WARNING "node 20.19 or newer with npm is not here, so fogcoind is built without its web console and GET / "
    "says so. contrib/setup says how to get them; configure again then.")
  set(fog_console_source ${CMAKE_SOURCE_DIR}/contrib/explorer/missing.cc)
endif()
