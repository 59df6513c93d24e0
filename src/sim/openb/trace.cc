#include "sim/openb/trace.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace berth::sim::openb {
namespace {

Error at_row(const Csv& csv, size_t row, const std::string& what) {
  return {Code::Invalid, csv.name() + ":" + std::to_string(row + 2) + ": " + what};
}

Result<size_t> column(const Csv& csv, std::string_view title) {
  if (const auto found = csv.column(title)) return *found;
  return Error{Code::Invalid, csv.name() + ":1: want a column " + std::string(title)};
}

constexpr int64_t kCpuMilliMax = 10'000'000;      // ten thousand cores
constexpr int64_t kMemoryMibMax = 1'000'000'000;  // a petabyte

// A whole number between 0 and `most`; the mistake of a trace is a unit, so bounds are generous.
Result<int64_t> amount(const Csv& csv, size_t row, std::string_view title, int64_t most) {
  const size_t at = BERTH_TRY(column(csv, title));
  const int64_t value = BERTH_TRY(csv.integer(row, at));
  if (value >= 0 && value <= most) return value;
  return at_row(csv, row,
                std::string(title) + ": want 0 to " + std::to_string(most) + ", got " +
                    std::to_string(value));
}

class Loader {
 public:
  Status add_nodes(const Csv& csv);
  Status add_pods(const Csv& csv);
  Trace take();

 private:
  Result<int32_t> model_of(const Csv& csv, size_t row, std::string_view name);
  Result<uint64_t> models_of(const Csv& csv, size_t row, std::string_view spec);
  Result<Shape> shape_of(const Csv& csv, size_t row);
  Status add_name(const Csv& csv, size_t row, std::string_view name);

  Trace trace_;
  std::map<std::string, int32_t, std::less<>> models_;
  std::map<Shape, int32_t> shapes_;
  std::set<std::string, std::less<>> names_;
};

Result<int32_t> Loader::model_of(const Csv& csv, size_t row, std::string_view name) {
  if (const auto found = models_.find(name); found != models_.end()) return found->second;
  const auto id = static_cast<int32_t>(trace_.models.size());
  if (id == kModelsMax) return at_row(csv, row, "more than 64 models");
  models_.emplace(name, id);
  trace_.models.emplace_back(name);
  return id;
}

Result<uint64_t> Loader::models_of(const Csv& csv, size_t row, std::string_view spec) {
  uint64_t models = 0;
  while (!spec.empty()) {
    const size_t end = std::min(spec.find('|'), spec.size());
    if (end > 0) {
      models |= uint64_t{1} << BERTH_TRY(model_of(csv, row, spec.substr(0, end)));
    }
    spec.remove_prefix(std::min(end + 1, spec.size()));
  }
  return models;
}

Status Loader::add_name(const Csv& csv, size_t row, std::string_view name) {
  if (name.empty()) return at_row(csv, row, "want a name");
  if (names_.emplace(name).second) return Done{};
  return at_row(csv, row, "the name " + std::string(name) + " comes twice");
}

Status Loader::add_nodes(const Csv& csv) {
  const size_t name = BERTH_TRY(column(csv, "sn"));
  const size_t model = BERTH_TRY(column(csv, "model"));
  names_.clear();
  for (size_t row = 0; row < csv.rows(); ++row) {
    BERTH_TRY(add_name(csv, row, csv.cell(row, name)));
    Node node;
    node.name = csv.cell(row, name);
    node.cpu_milli = BERTH_TRY(amount(csv, row, "cpu_milli", kCpuMilliMax));
    node.memory_mib = BERTH_TRY(amount(csv, row, "memory_mib", kMemoryMibMax));
    node.devices = static_cast<int32_t>(BERTH_TRY(amount(csv, row, "gpu", kDevicesMax)));
    node.model = BERTH_TRY(model_of(csv, row, csv.cell(row, model)));
    if (node.devices > 0 && csv.cell(row, model).empty()) {
      return at_row(csv, row, "model: want the model of the devices");
    }
    trace_.nodes.push_back(std::move(node));
  }
  if (trace_.capacity_milli() > 0) return Done{};
  return Error{Code::Invalid, csv.name() + ": want a node with devices"};
}

Result<Shape> Loader::shape_of(const Csv& csv, size_t row) {
  const auto devices = static_cast<int32_t>(BERTH_TRY(amount(csv, row, "num_gpu", kDevicesMax)));
  Shape shape;
  shape.devices = devices;
  shape.cpu_milli = BERTH_TRY(amount(csv, row, "cpu_milli", kCpuMilliMax));
  shape.memory_mib = BERTH_TRY(amount(csv, row, "memory_mib", kMemoryMibMax));
  shape.device_milli = static_cast<int32_t>(BERTH_TRY(amount(csv, row, "gpu_milli", kWhole)));
  const bool whole = shape.device_milli == kWhole;
  if (devices == 0 ? shape.device_milli != 0 : devices == 1 ? shape.device_milli == 0 : !whole) {
    return at_row(csv, row,
                  "gpu_milli: want 0 without a device, 1 to 1000 of one, 1000 of each of several");
  }
  const auto spec = csv.column("gpu_spec");
  if (spec && devices > 0) shape.models = BERTH_TRY(models_of(csv, row, csv.cell(row, *spec)));
  return shape;
}

Status Loader::add_pods(const Csv& csv) {
  const size_t name = BERTH_TRY(column(csv, "name"));
  names_.clear();
  int64_t asked_milli = 0;
  for (size_t row = 0; row < csv.rows(); ++row) {
    BERTH_TRY(add_name(csv, row, csv.cell(row, name)));
    Shape shape = BERTH_TRY(shape_of(csv, row));
    asked_milli += shape.total_milli();
    const auto [at, is_new] = shapes_.emplace(shape, static_cast<int32_t>(shapes_.size()));
    if (is_new) {
      shape.id = at->second;
      trace_.shapes.push_back(shape);
    }
    trace_.pods.push_back({std::string(csv.cell(row, name)), at->second});
  }
  if (asked_milli > 0) return Done{};
  return Error{Code::Invalid, csv.name() + ": want a pod that asks for a device"};
}

Trace Loader::take() {
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(trace_.nodes.begin(), trace_.nodes.end(), by_name);
  std::sort(trace_.pods.begin(), trace_.pods.end(), by_name);
  return std::move(trace_);
}

}  // namespace

int64_t Trace::capacity_milli() const {
  int64_t milli = 0;
  for (const Node& node : nodes) milli += int64_t{node.devices} * kWhole;
  return milli;
}

std::vector<std::string> allowed_models(const Trace& trace, const Shape& shape) {
  std::vector<std::string> models;
  for (size_t i = 0; i < trace.models.size(); ++i) {
    const bool is_bound = shape.devices > 0 && shape.models != 0;
    if (is_bound && shape.allows(static_cast<int32_t>(i))) models.push_back(trace.models[i]);
  }
  std::sort(models.begin(), models.end());
  return models;
}

Result<Trace> load_trace(const Csv& nodes, const Csv& pods) {
  Loader loader;
  BERTH_TRY(loader.add_nodes(nodes));
  BERTH_TRY(loader.add_pods(pods));
  return loader.take();
}

Result<Trace> read_trace(const std::string& nodes_path, const std::string& pods_path) {
  const Csv nodes = BERTH_TRY(Csv::read(nodes_path));
  const Csv pods = BERTH_TRY(Csv::read(pods_path));
  return load_trace(nodes, pods);
}

}  // namespace berth::sim::openb
