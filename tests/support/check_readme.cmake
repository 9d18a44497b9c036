# SPDX-License-Identifier: Apache-2.0
# Fails unless README holds the text of SOURCE, its licence line aside.
file(READ "${README}" readme)
file(READ "${SOURCE}" source)
string(REGEX REPLACE "^// SPDX[^\n]*\n" "" source "${source}")
string(FIND "${readme}" "```cpp\n${source}```" place)
if(place EQUAL -1)
  message(FATAL_ERROR "${README} does not show ${SOURCE} as it is compiled")
endif()
