#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "crdgen/crd.h"
#include "crdgen/reference.h"
#include "crdgen/yaml.h"
#include "http/metrics.h"

// berth-crdgen: writes crds/*.yaml, the field reference and the table of metrics from the C++
// types, or says which of them is stale.
namespace berth::crdgen {
namespace {

using Files = std::map<std::filesystem::path, std::string>;

void add_crds(const std::filesystem::path& folder, Files& files) {
  for (const api::KindEntry& kind : api::all_kinds()) {
    files[folder / (std::string(kind.facts.singular) + ".yaml")] =
        "# Written by berth-crdgen from src/api; do not edit.\n" +
        to_yaml(custom_resource_definition(kind));
  }
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool check(const Files& files) {
  bool is_fresh = true;
  for (const auto& [path, wanted] : files) {
    if (read(path) == wanted) continue;
    std::fprintf(stderr, "%s: stale: run berth-crdgen in the root of the repository\n",
                 path.c_str());
    is_fresh = false;
  }
  return is_fresh;
}

bool write(const Files& files) {
  for (const auto& [path, text] : files) {
    std::error_code ignored;  // the write below says what is wrong
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    std::ofstream out(path, std::ios::binary);
    out << text;
    if (!out.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
      return false;
    }
  }
  return true;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Writes the CustomResourceDefinitions, the field reference and the table of metrics from the "
      "C++ types."};
  app.footer(
      "Examples:\n"
      "  berth-crdgen                             write crds/ and docs/reference/ here\n"
      "  berth-crdgen --check                     write nothing; exit 1 when one of them is stale\n"
      "  berth-crdgen crds charts/berth/crds      only the CustomResourceDefinitions, elsewhere\n"
      "  berth-crdgen docs /dev/stdout            only the field reference\n"
      "  berth-crdgen metrics /dev/stdout         only the table of metrics");
  bool only_check = false;
  app.add_flag("--check", only_check, "Compare in place of writing.");
  app.require_subcommand(0, 1);
  app.fallthrough();
  std::string folder = "crds";
  std::string page = "docs/reference/api.md";
  std::string metrics_page = "docs/reference/metrics.md";
  auto* crds = app.add_subcommand("crds", "Only crds/*.yaml.");
  crds->add_option("DIR", folder, "Folder to write to.")->capture_default_str();
  auto* docs = app.add_subcommand("docs", "Only the field reference.");
  docs->add_option("FILE", page, "File to write.")->capture_default_str();
  auto* metrics = app.add_subcommand("metrics", "Only the table of metrics.");
  metrics->add_option("FILE", metrics_page, "File to write.")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  Files files;
  const bool all = app.get_subcommands().empty();
  if (all || crds->parsed()) add_crds(folder, files);
  if (all || docs->parsed()) files[page] = reference_page(api::all_kinds());
  if (all || metrics->parsed()) files[metrics_page] = http::metrics_markdown();
  return (only_check ? check(files) : write(files)) ? 0 : 1;
}

}  // namespace
}  // namespace berth::crdgen

int main(int argc, char** argv) { return berth::crdgen::run(argc, argv); }
