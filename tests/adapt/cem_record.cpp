// SPDX-License-Identifier: Apache-2.0
#include <svfmath/adapt/cem_record.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <svfmath/adapt/cem.hpp>

namespace {

std::string line_of(svf::cem_record<double> const& record) {
  std::ostringstream out;
  svf::write_json_line(out, record);
  return out.str();
}

}  // namespace

TEST_CASE("cem_record: one line of JSON with all fields") {
  std::vector<double> const x{0.5, -2.0};
  std::vector<double> const std{0.25, 1.0};
  svf::cem_record<double> const record{3, 96, {1.5, -4.0}, {1.25, 0.0}, x, x, std, 0.25, 1.0, true};
  CHECK(line_of(record) ==
        "{\"generation\":3,\"evals\":96,\"best\":1.5,\"best_secondary\":-4,"
        "\"generation_best\":1.25,\"std_min\":0.25,\"std_max\":1,\"flat\":true,"
        "\"best_x\":[0.5,-2],\"mean\":[0.5,-2],\"std\":[0.25,1]}\n");
}

TEST_CASE("cem_record: what is not measured or not finite is null") {
  svf::cem_record<double> record;
  record.std_max = std::numeric_limits<double>::infinity();
  CHECK(line_of(record) ==
        "{\"generation\":0,\"evals\":0,\"best\":null,\"best_secondary\":null,"
        "\"generation_best\":null,\"std_min\":0,\"std_max\":null,\"flat\":false,"
        "\"best_x\":[],\"mean\":[],\"std\":[]}\n");
}

TEST_CASE("cem_record: a search logs null until something is measured, and for generations since") {
  svf::cem_options<double> o;
  o.dim = 1;
  o.lower = {0.0};
  o.upper = {1.0};
  o.popsize = 4;
  o.corners = {{1.0}};
  svf::cem<double> search(o);
  std::vector<std::string> lines;
  search.observe([&](svf::cem_record<double> const& r) { lines.push_back(line_of(r)); });
  std::vector<double> const none(4, std::numeric_limits<double>::quiet_NaN());
  search.ask();
  search.tell(none);
  CHECK(std::isnan(search.result().best_f));
  CHECK(!search.result().improved_over_best_single);  // nothing is no better than nothing
  search.ask();
  search.tell(std::vector<double>{0.0, 2.0, 1.0, 0.0});
  search.ask();
  search.tell(none);
  REQUIRE(lines.size() == 3);
  auto const has = [&](std::size_t line, char const* part) {
    return lines[line].find(part) != std::string::npos;
  };
  CHECK(has(0, "\"best\":null,\"best_secondary\":null,\"generation_best\":null"));
  CHECK(has(1, "\"best\":2,\"best_secondary\":0,\"generation_best\":2"));
  CHECK(has(2, "\"best\":2,\"best_secondary\":0,\"generation_best\":null"));
}
