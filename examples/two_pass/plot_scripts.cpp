// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "add_text.hpp"
#include "plots.hpp"

namespace demo {

namespace {

std::vector<trained_expert const*> all_experts(experiment_result const& result) {
  std::vector<trained_expert const*> all;
  for (auto const* list : {&result.experts, &result.classifier}) {
    for (trained_expert const& each : *list) {
      all.push_back(&each);
    }
  }
  return all;
}

// `data` once, `drawing` for each of the two terminals.
std::string script(std::string const& name, int width, int height, std::string const& data,
                   std::string const& drawing) {
  std::string text = data;
  add(text, "set style fill solid 0.85 noborder\nset grid ytics lc rgb '#dddddd'\n");
  for (auto const* terminal : {"svg", "pngcairo"}) {
    bool const svg = std::string(terminal) == "svg";
    add(text, "set terminal {} size {},{} font 'sans,{}'{}\nset output '{}.{}'\n", terminal, width,
        height, 11, svg ? " background rgb 'white'" : "", name, svg ? "svg" : "png");
    text += drawing;
    text += "unset output\n";
  }
  return text;
}

std::string scores(experiment_result const& result) {
  std::string data = "$scores << EOD\n";
  for (std::size_t t = 0; t < result.tasks.size(); ++t) {
    task_result const& row = result.tasks[t];
    add(data, "\"{}\"", row.name);
    for (score const* s : {&row.base, &row.a, &row.b, &row.c}) {
      add(data, " {} {}", 100.0 * s->accuracy(), 100.0 * s->standard_error());
    }
    data += "\n";
  }
  data += "EOD\n";
  return script("scores", 1000, 480, data,
                "set style data histograms\nset style histogram errorbars gap 1.5 lw 1\n"
                "set errorbars lc rgb '#333333'\nset yrange [0:100]\nset ylabel 'accuracy in %'\n"
                "set key outside top center horizontal\n"
                "set title 'Three trained families and four unseen tasks (lines: standard error)'\n"
                "plot $scores using 2:3:xtic(1) title 'base' lc rgb '#999999', "
                "'' using 4:5 title 'A: prompt' lc rgb '#56b4e9', "
                "'' using 6:7 title 'B: classification expert' lc rgb '#0072b2', "
                "'' using 8:9 title 'C: few-shot mixture' lc rgb '#d55e00'\n");
}

std::string learning_curves(experiment_result const& result) {
  std::string data;
  std::string drawing =
      "set key bottom right\nset xlabel 'step'\nset ylabel 'validation accuracy in %'\n"
      "set title 'Learning curves (REINFORCE)'\nplot ";
  for (trained_expert const* each : all_experts(result)) {
    add(data, "${} << EOD\n", each->value.name());
    for (auto const& v : each->validations) {
      add(data, "{} {}\n", v.step, 100.0 * v.score);
    }
    data += "EOD\n";
    add(drawing, "{1}${0} with linespoints lw 2 pt 7 ps 0.5 title '{0}'", each->value.name(),
        drawing.ends_with("plot ") ? "" : ", ");
  }
  return script("learning_curves", 800, 480, data, drawing + "\n");
}

std::string z_map(experiment_result const& result) {
  svf::index_t widest = 0;
  for (svf::site const& site : result.layout->sites()) {
    widest = std::max(widest, site.rank());
  }
  std::string data;
  std::string drawing =
      "set palette defined (-1 '#2166ac', 0 '#f7f7f7', 1 '#b2182b')\nunset key\nunset grid\n"
      "set xlabel 'component'\n";
  double reach = 0.0;
  for (trained_expert const* each : all_experts(result)) {
    add(data, "$z_{} << EOD\n", each->value.name());
    for (svf::index_t s = 0; s < result.layout->count(); ++s) {
      auto const z = each->value.site(s);
      for (svf::index_t i = 0; i < widest; ++i) {
        if (i < svf::index_t(z.size())) {
          double const value = double(z[std::size_t(i)]);
          reach = std::max(reach, std::abs(value - 1.0));
          add(data, "{} ", value);
        } else {
          add(data, "{} ", 1.0);  // narrower sites: no component, no change
        }
      }
      data += "\n";
    }
    data += "EOD\n";
  }
  auto const sites = result.layout->count();
  auto const layers = result.layout->layers();
  add(drawing, "set cbrange [{}:{}]\nset yrange [{}:-0.5]\nset xrange [-0.5:{}]\nset ytics (",
      1.0 - reach, 1.0 + reach, double(sites) - 0.5, double(widest) - 0.5);
  for (svf::index_t l = 0; l < layers; ++l) {
    add(drawing, "{}'layer {}' {}", l == 0 ? "" : ", ", l, l * (sites / layers));
  }
  drawing += ")\nset multiplot layout 2,2 title 'z by layer (q, k, v, o, gate, up, down) and "
             "component'\n";
  for (trained_expert const* each : all_experts(result)) {
    add(drawing, "set title '{0}'\nplot $z_{0} matrix with image\n", each->value.name());
  }
  drawing += "unset multiplot\n";
  return script("z", 1200, 800, data, drawing);
}

void add_matrix(std::string& data, char const* name, svf::confusion_matrix const& matrix) {
  add(data, "${} << EOD\n", name);
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (std::size_t j = 0; j < matrix.cols(); ++j) {
      add(data, "{} ", 100.0 * matrix.rate(i, j));
    }
    data += "\n";
  }
  data += "EOD\n";
}

std::string confusion(experiment_result const& result) {
  std::string data;
  add_matrix(data, "a", result.a_labels);
  add_matrix(data, "b", result.b_labels);
  auto const ticks = [](std::vector<std::string> const& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
      add(text, "{}'{}' {}", i == 0 ? "" : ", ", names[i], i);
    }
    return text;
  };
  std::string drawing;
  add(drawing,
      "set palette defined (0 '#ffffff', 1 '#0072b2')\nset cbrange [0:100]\nunset key\nunset grid\n"
      "unset colorbox\nset xtics ({})\nset ytics ({})\nset yrange [{}:-0.5]\nset xrange "
      "[-0.5:{}]\nset multiplot layout 1,2 title 'Labels given to the prompts of each task, in "
      "%'\n",
      ticks(result.a_labels.predictions()), ticks(result.a_labels.truths()),
      double(result.a_labels.rows()) - 0.5, double(result.a_labels.cols()) - 0.5);
  for (auto const* each : {"a", "b"}) {
    add(drawing,
        "set title '{1}'\nplot ${0} matrix with image, ${0} matrix using 1:2:(sprintf('%.0f', $3)) "
        "with labels\n",
        each, *each == 'a' ? "A: the base model" : "B: the classification expert");
  }
  drawing += "unset multiplot\n";
  return script("confusion", 1000, 480, data, drawing);
}

std::string alpha(experiment_result const& result) {
  std::string data = "$alpha << EOD\n";
  for (task_result const& row : result.tasks) {
    add(data, "\"{}\"", row.name);
    for (svf::index_t k = 0; k < row.found.weights.rows(); ++k) {
      add(data, " {}", row.found.weights(k, 0));
    }
    data += "\n";
  }
  data += "EOD\n";
  std::string drawing =
      "set style data histograms\nset style histogram clustered gap 1.5\nset ylabel 'α'\n"
      "set yrange [0:*]\nset key outside top center horizontal\n"
      "set title 'What strategy C found: z'' = 1 + Σ α (z − 1)'\nplot ";
  for (std::size_t k = 0; k < result.experts.size(); ++k) {
    add(drawing, "{} using {}{} title '{}'", k == 0 ? "$alpha" : ", ''", k + 2,
        k == 0 ? ":xtic(1)" : "", result.experts[k].value.name());
  }
  return script("alpha", 1000, 420, data, drawing + "\n");
}

std::string spectra(experiment_result const& result) {
  std::string data;
  std::string drawing =
      "set xlabel 'component'\nset key top right\nset multiplot layout 2,2 title 'Singular values "
      "before and after: σ and σz of the last matrix of every layer'\n";
  auto const per_layer = result.layout->count() / result.layout->layers();
  for (svf::index_t l = 0; l < std::min<svf::index_t>(4, result.layout->layers()); ++l) {
    svf::site const& site = (*result.layout)[l * per_layer + per_layer - 1];
    add(data, "$s{} << EOD\n", l);
    for (svf::index_t i = 0; i < site.rank(); ++i) {
      auto const at = std::size_t(site.offset + i);
      add(data, "{} {}", i, result.sigma[at]);
      for (trained_expert const& each : result.experts) {
        add(data, " {}", each.value.values()[at] * result.sigma[at]);
      }
      data += "\n";
    }
    data += "EOD\n";
    add(drawing, "set title '{}' noenhanced\nplot $s{} using 1:2 with lines lw 2 lc rgb 'black' "
                 "title 'before'", site.name, l);
    for (std::size_t k = 0; k < result.experts.size(); ++k) {
      add(drawing, ", '' using 1:{} with lines title '{}'", k + 3, result.experts[k].value.name());
    }
    drawing += "\n";
  }
  drawing += "unset multiplot\n";
  return script("spectra", 1200, 800, data, drawing);
}

}  // namespace

std::map<std::string, std::string> plot_scripts(experiment_result const& result) {
  return {{"scores", scores(result)},       {"learning_curves", learning_curves(result)},
          {"z", z_map(result)},             {"confusion", confusion(result)},
          {"alpha", alpha(result)},         {"spectra", spectra(result)}};
}

}  // namespace demo
