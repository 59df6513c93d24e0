#include "worker/serve/torch_model.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/api/module.h>

#include <sstream>

#include "serving/testing/models.h"

namespace berth::worker {
namespace {

using serving::Datatype;
using serving::testing::elements_in;
using serving::testing::pair_request;
using serving::testing::pairs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TorchOptions kCpu{.devices = {DeviceChoice::Cpu}};

// An archive of a model with this body of forward(self, x).
Bytes archive_of(const std::string& body, const std::string& signature) {
  torch::jit::Module module("Model");
  module.register_attribute("training", c10::BoolType::get(), true);
  module.define("def forward(self, x: Tensor):\n    " + body + "\n");
  std::ostringstream out;
  if (signature.empty()) {
    module.save(out);
  } else {
    module.save(out, {{serving::kSignatureFile, signature}});
  }
  const std::string text = std::move(out).str();
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

Bytes adder() { return archive_of("return x.sum(1)", to_json(pairs())); }

TEST(TorchModel, ComputesABatchAndGivesEachItsRows) {
  const auto model = TorchModel::load(adder(), kCpu);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->signature(), pairs());
  EXPECT_EQ(model->device(), "cpu");
  serving::Request one = pair_request(1, 2);
  serving::Request two = pair_request(10, 20);
  two.inputs[0].shape = {2, 2};
  two.inputs[0].data = serving::testing::data_of<float>({10, 20, 30, 40});
  const serving::Request* const batch[] = {&one, &two};
  const auto outputs = model->make_instance()->compute(batch);
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_THAT(elements_in<float>((*outputs)[0][0]), ElementsAre(3));
  EXPECT_THAT(elements_in<float>((*outputs)[1][0]), ElementsAre(30, 70));
  EXPECT_THAT((*outputs)[1][0].shape, ElementsAre(2));
}

TEST(TorchModel, TakesBytesThatAreNotAligned) {
  const auto model = TorchModel::load(adder(), kCpu);
  serving::Request request = pair_request(1, 2);
  std::vector<std::byte> shifted(1);
  const auto bytes = request.inputs[0].data.bytes;
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  request.inputs[0].data.bytes = std::span(shifted).subspan(1);
  const serving::Request* const batch = &request;
  const auto outputs = model->make_instance()->compute({&batch, 1});
  EXPECT_THAT(elements_in<float>((*outputs)[0][0]), ElementsAre(3));
}

TEST(TorchModel, ServesInItsEvaluatingForm) {
  const auto model = TorchModel::load(
      archive_of("return torch.dropout(x, 1.0, self.training).sum(1)", to_json(pairs())), kCpu);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const serving::Request request = pair_request(1, 2);
  const serving::Request* const batch = &request;
  EXPECT_THAT(elements_in<float>((*model->make_instance()->compute({&batch, 1}))[0][0]),
              ElementsAre(3));
}

TEST(TorchModel, TellsWantOfMemoryFromARequestThatItFailsAt) {
  const serving::Request request = pair_request(1, 2);
  const serving::Request* const batch = &request;
  const auto fails = [&](const std::string& body) {
    const auto model = TorchModel::load(archive_of(body, to_json(pairs())), kCpu);
    return model->make_instance()->compute({&batch, 1}).error();
  };
  const Error large = fails("return torch.zeros([1 << 46]) + x.sum()");
  EXPECT_EQ(large.code, Code::Unavailable) << large.message;
  EXPECT_TRUE(large.retry_after);
  const Error raised = fails("assert bool(x.sum() > 9), 'not this one'\n    return x.sum(1)");
  EXPECT_EQ(raised.code, Code::Internal);
  EXPECT_EQ(raised.message, "compute: RuntimeError: AssertionError: not this one");
}

// As Python's modules are saved: forward calls methods of parts of the model.
TEST(TorchModel, MayCallItsOwnMethods) {
  torch::jit::Module inner("Inner");
  inner.register_attribute("training", c10::BoolType::get(), true);
  inner.define("def total(self, x: Tensor):\n    return x.sum(1)\n");
  inner.define("def forward(self, x: Tensor):\n    return self.total(x)\n");
  torch::jit::Module outer("Outer");
  outer.register_attribute("training", c10::BoolType::get(), true);
  outer.register_module("inner", inner);
  outer.define("def forward(self, x: Tensor):\n    return self.inner.forward(x)\n");
  std::ostringstream out;
  outer.save(out, {{serving::kSignatureFile, to_json(pairs())}});
  const std::string text = std::move(out).str();
  const auto bytes = bytes_of(text);
  const auto model = TorchModel::load({bytes.begin(), bytes.end()}, kCpu);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Status warm = warm_up(*model, 4);
  EXPECT_TRUE(warm.ok()) << warm.error().message;
}

// x as a picture through a convolution, what its batch normalisation would do, and a sum.
Bytes convolution() {
  torch::jit::Module module("Model");
  module.register_attribute("training", c10::BoolType::get(), true);
  module.register_parameter("weight", at::arange(1, 10, at::kFloat).view({1, 1, 3, 3}), false);
  module.register_parameter("mean", at::full({1}, 0.5), false);
  module.register_parameter("variance", at::full({1}, 2.0), false);
  module.define(
      "def forward(self, x: Tensor):\n"
      "    x = torch.conv2d(x.view(-1, 1, 1, 2), self.weight, None, [1, 1], [1, 1])\n"
      "    x = torch.batch_norm(x, None, None, self.mean, self.variance, False, 0.1, 1e-5, False)\n"
      "    return x.sum([1, 2, 3])\n");
  std::ostringstream out;
  module.save(out, {{serving::kSignatureFile, to_json(pairs())}});
  const std::string text = std::move(out).str();
  const auto bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

TEST(TorchModel, GivesTheSameWhenItIsOptimized) {
  const auto faster = TorchModel::load(convolution(), kCpu);
  const auto scripted = TorchModel::load(
      convolution(), {.devices = kCpu.devices, .signature = {}, .as_scripted = true});
  ASSERT_TRUE(faster.ok() && scripted.ok());
  EXPECT_EQ(faster->as_scripted_because(), "");
  EXPECT_EQ(scripted->as_scripted_because(), "--as-scripted");
  const serving::Request one = pair_request(1, 2);
  const serving::Request* const batch[] = {&one, &one, &one};
  for (const size_t rows : {1, 3}) {
    const auto a = faster->make_instance()->compute(std::span(batch).first(rows));
    const auto b = scripted->make_instance()->compute(std::span(batch).first(rows));
    ASSERT_TRUE(a.ok()) << a.error().message;
    EXPECT_NEAR(elements_in<float>((*a)[0][0])[0], elements_in<float>((*b)[0][0])[0], 1e-4);
  }
}

TEST(TorchModel, IsComputedAsItWasScriptedWhereTheTwoCannotBeCompared) {
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {"return x.sum(1) + torch.rand([x.size(0)])", "it would give other outputs"},
           {"assert bool(x.sum() > 99), 'small'\n    return x.sum(1)", "no made up input"}}) {
    const auto model = TorchModel::load(archive_of(body, to_json(pairs())), kCpu);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_THAT(model->as_scripted_because(), HasSubstr(why));
    const serving::Request large = pair_request(100, 1);
    const serving::Request* const batch = &large;
    EXPECT_TRUE(model->make_instance()->compute({&batch, 1}).ok());
  }
}

TEST(TorchModel, MayGiveSeveralTensors) {
  auto signature = pairs();
  signature.outputs.push_back({"twice", Datatype::Fp32, {-1, 2}});
  const auto model =
      TorchModel::load(archive_of("return x.sum(1), x * 2", to_json(signature)), kCpu);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(warm_up(*model, 8).ok());
  const serving::Request request = pair_request(1, 2);
  const serving::Request* const batch = &request;
  const auto outputs = model->make_instance()->compute({&batch, 1});
  EXPECT_THAT(elements_in<float>((*outputs)[0][1]), ElementsAre(2, 4));
}

TEST(TorchModel, IsRefusedForGoodWhenItCannotServe) {
  const Bytes whole = adder();
  Bytes cut = whole;
  cut.resize(whole.size() / 2);
  for (const auto& [archive, want] : std::vector<std::pair<Bytes, std::string>>{
           {cut, "read the model"},
           {Bytes(), "read the model"},
           {archive_of("return x.sum(1)", ""), "carries no signature.json"},
           {archive_of("return x.sum(1)", "{}"), "signature: inputs"}}) {
    const auto model = TorchModel::load(archive, kCpu);
    ASSERT_FALSE(model.ok()) << want;
    EXPECT_EQ(model.error().code, Code::Invalid);
    EXPECT_THAT(model.error().message, HasSubstr(want));
  }
}

TEST(TorchModel, WarmUpFindsWhatDoesNotKeepItsSignature) {
  for (const auto& [body, want] : std::vector<std::pair<std::string, std::string>>{
           {"return x", "gives Float[1,2]"},
           {"return x.sum(1).double()", "gives Double[1]"},
           {"return x.sum(1), x", "gives 2 tensors"},
           {"return x.sum(0)[0:1].expand(3)", "gives Float[3]"},
           {"return torch.linear(x, torch.ones(2, 7))", "compute: "}}) {
    const auto model = TorchModel::load(archive_of(body, to_json(pairs())), kCpu);
    ASSERT_TRUE(model.ok()) << model.error().message;
    const Status warm = warm_up(*model, 4);
    ASSERT_FALSE(warm.ok()) << body;
    EXPECT_EQ(warm.error().code, Code::Invalid);
    EXPECT_THAT(warm.error().message, HasSubstr(want));
  }
}

TEST(TorchModel, SaysWhenNoDeviceOfTheListIsThere) {
  const auto model = TorchModel::load(adder(), {.devices = {DeviceChoice::Cuda}});
  if (model.ok()) GTEST_SKIP() << "there is a CUDA device";
  EXPECT_EQ(model.error().code, Code::Invalid);
  EXPECT_THAT(model.error().message, HasSubstr("no CUDA device"));
  EXPECT_EQ(TorchModel::load(adder(), {})->device(), "cpu") << "as the default list allows";
}

}  // namespace
}  // namespace berth::worker
