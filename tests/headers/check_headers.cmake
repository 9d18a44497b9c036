# SPDX-License-Identifier: Apache-2.0
# svfmath_check_headers(NAME COMPILER HEADERS FLAGS): each of the list HEADERS compiles alone with
# the list FLAGS. The compiler calls are build steps, so that only what changed is compiled again;
# the ctest test headers/compile_NAME reports them.
function(svfmath_check_headers name compiler headers flags)
  set(stamps "")
  foreach(header IN LISTS headers)
    file(RELATIVE_PATH include "${PROJECT_SOURCE_DIR}/include" "${header}")
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/units/${include}.cpp")
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${name}/${include}.checked")
    get_filename_component(folder "${stamp}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    # Twice: the second include meets the guard.
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include <${include}>\n#include <${include}>\n")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${compiler}" ${flags} -fsyntax-only -MMD -MT "${stamp}" -MF "${stamp}.d" "${unit}"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${unit}" "${header}" DEPFILE "${stamp}.d"
      COMMENT "Checking <${include}> alone with ${name}"
      COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(check_headers_${name} ALL DEPENDS ${stamps})
  add_test(NAME headers/compile_${name}
    COMMAND "${CMAKE_COMMAND}" --build "${PROJECT_BINARY_DIR}" --target check_headers_${name})
  set_tests_properties(headers/compile_${name} PROPERTIES RESOURCE_LOCK build_tree)
endfunction()
