# SPDX-License-Identifier: Apache-2.0
# svfmath_header_unit(VARIABLE NAME HEADER...): a source file that includes the headers, and then
# all of them again, which meets their guards. VARIABLE gets NAME, by which checks know it.
function(svfmath_header_unit variable name)
  set(content "")
  foreach(header IN LISTS ARGN)
    file(RELATIVE_PATH include "${PROJECT_SOURCE_DIR}/include" "${header}")
    string(APPEND content "#include <${include}>\n")
  endforeach()
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/units/${name}.cpp"
    CONTENT "${content}${content}")
  set(${variable} "${name}" PARENT_SCOPE)
endfunction()

# svfmath_units_alone(VARIABLE HEADER...): one such unit for each header.
function(svfmath_units_alone variable)
  set(units "")
  foreach(header IN LISTS ARGN)
    file(RELATIVE_PATH include "${PROJECT_SOURCE_DIR}/include" "${header}")
    svfmath_header_unit(unit "${include}" "${header}")
    list(APPEND units "${unit}")
  endforeach()
  set(${variable} "${units}" PARENT_SCOPE)
endfunction()

# svfmath_check_units(NAME COMPILER UNITS FLAGS): each of the list UNITS compiles with the list
# FLAGS. The compiler calls are build steps, so that only what changed is compiled again; the ctest
# test headers/compile_NAME reports them.
function(svfmath_check_units name compiler units flags)
  set(stamps "")
  foreach(unit IN LISTS units)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/units/${unit}.cpp")
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${name}/${unit}.checked")
    get_filename_component(folder "${stamp}" DIRECTORY)
    file(MAKE_DIRECTORY "${folder}")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${compiler}" ${flags} -fsyntax-only -MMD -MT "${stamp}" -MF "${stamp}.d" "${source}"
      COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
      DEPENDS "${source}" DEPFILE "${stamp}.d"
      COMMENT "Checking ${unit} with ${name}"
      COMMAND_EXPAND_LISTS VERBATIM)
    list(APPEND stamps "${stamp}")
  endforeach()
  add_custom_target(check_headers_${name} ALL DEPENDS ${stamps})
  add_test(NAME headers/compile_${name}
    COMMAND "${CMAKE_COMMAND}" --build "${PROJECT_BINARY_DIR}" --target check_headers_${name})
  set_tests_properties(headers/compile_${name} PROPERTIES RESOURCE_LOCK build_tree)
endfunction()
