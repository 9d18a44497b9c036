// SPDX-License-Identifier: Apache-2.0
#include "experts.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "progress.hpp"

namespace cli {

namespace {

using svf::error_kind;

constexpr std::string_view site_suffix = ".z";

// A file says only that its base is that of its sites in some order: the model's, or by name.
std::shared_ptr<svf::layout const> layout_of(llama::model_sites const& sites,
                                             std::optional<svf::fingerprint> const& base) {
  if (base && *base != sites.layout->base_fingerprint()) {
    std::vector<svf::site_spec> specs(sites.layout->sites().begin(), sites.layout->sites().end());
    std::sort(specs.begin(), specs.end(),
              [](auto const& a, auto const& b) { return a.name < b.name; });
    auto sorted = std::make_shared<svf::layout const>(std::move(specs));
    if (*base == sorted->base_fingerprint()) {
      return sorted;
    }
  }
  return sites.layout;
}

}  // namespace

void add_expert(CLI::App& command, std::string& expert, std::string const& help) {
  command.add_option("--expert", expert, help)->type_name("FILE")->check(not_empty());
}

void add_expert_options(CLI::App& command, expert_options& options) {
  add_cache(command, options.cache);
  command.add_flag("--unverified-base", options.unverified_base,
                   "Use an expert file that does not say which weights it was made for");
}

std::set<std::string> expert_sites(std::filesystem::path const& path) {
  svf::safetensors_file const file(path);
  std::set<std::string> names;
  for (svf::tensor_info const& tensor : file.tensors()) {
    bool const fits = tensor.name.ends_with(site_suffix) && tensor.name.size() > 2;
    svf::expects(fits, error_kind::format, path,
                 ": expected an expert file, with tensors NAME.z alone, got the tensor '",
                 tensor.name, "'");
    names.insert(tensor.name.substr(0, tensor.name.size() - site_suffix.size()));
  }
  svf::expects(!names.empty(), error_kind::format, path,
               ": expected an expert file, with at least one tensor NAME.z, got none");
  return names;
}

llama::model_sites select_sites(llama::model_sites const& all, std::set<std::string> const& names,
                                std::filesystem::path const& path) {
  for (std::string const& name : names) {
    svf::expects(all.layout->find(name) != nullptr, error_kind::shape, path,
                 ": the expert names the matrix '", name, "', which the model does not have");
  }
  std::vector<svf::site_spec> specs;
  llama::model_sites result;
  for (std::size_t s = 0; s < all.layout->sites().size(); ++s) {
    svf::site const& site = (*all.layout)[svf::index_t(s)];
    if (names.contains(site.name)) {
      specs.push_back(site);
      if (!all.places.empty()) {
        result.places.push_back(all.places[s]);
      }
    }
  }
  result.layout = std::make_shared<svf::layout const>(std::move(specs));
  return result;
}

svf::loaded_expert read_expert(std::filesystem::path const& path, llama::model_sites const& all,
                               bool unverified_base) {
  auto const sites = select_sites(all, expert_sites(path), path);
  auto const metadata = svf::read_expert_metadata(path);
  svf::expects(metadata.base || unverified_base, error_kind::format, path,
               ": expected a base fingerprint, got an expert without one; --unverified-base takes "
               "it for one of this model");
  return svf::load_expert(path, layout_of(sites, metadata.base),
                          {.allow_unverified_base = unverified_base});
}

svf::expert extend(svf::expert const& e, std::shared_ptr<svf::layout const> const& onto,
                   std::string name) {
  std::vector<float> z(std::size_t(onto->size()), 1.0f);
  for (svf::site const& target : onto->sites()) {
    if (e.layout().find(target.name) != nullptr) {
      auto const part = e.site(target.name);
      std::copy(part.begin(), part.end(), z.begin() + target.offset);
    }
  }
  return {onto, std::span<float const>(z), std::move(name)};
}

}  // namespace cli
