// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/confusion_matrix.hpp>

#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("confusion_matrix: counts, rates and accuracy by hand") {
  svf::confusion_matrix matrix({"code", "math", "law"}, {"code", "math", "others"});
  matrix.add(0, 0, 3);
  matrix.add(0, 1);
  matrix.add(1, 1, 2);
  matrix.add(1, 2, 2);
  CHECK(matrix.count(0, 0) == 3);
  CHECK(matrix.row_total(1) == 4);
  CHECK(matrix.rate(0, 1) == 0.25);
  CHECK(matrix.rate(2, 0) == 0.0);
  CHECK(matrix.accuracy() == 5.0 / 8.0);
  CHECK_THROWS_AS(matrix.add(3, 0), svf::error);
  CHECK_THROWS_AS(matrix.count(0, 3), svf::error);
  std::ostringstream out;
  write_csv(out, matrix);
  CHECK(out.str() ==
        "\"truth\",\"code\",\"math\",\"others\"\n\"code\",3,1,0\n\"math\",0,2,2\n\"law\",0,0,0\n");
}

TEST_CASE("confusion_matrix: square over one list, empty ones refused") {
  std::vector<std::string> const labels{"a", "b"};
  svf::confusion_matrix const matrix(labels);
  CHECK(matrix.rows() == 2);
  CHECK(matrix.accuracy() == 0.0);
  CHECK_THROWS_AS(svf::confusion_matrix({}, {"a"}), svf::error);
}
