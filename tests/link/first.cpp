// SPDX-License-Identifier: Apache-2.0
#include "everything.hpp"

int second_unit();

int main() { return second_unit() == svf::index_t{2} ? 0 : 1; }
