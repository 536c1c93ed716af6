// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The same from C++, with the program's own threads in place of the library's
// pool, and any number of inputs.
#include "classifier.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 2;

// Runs the ranges on fresh threads; a program with a pool of its own would hand
// them to that.
int32_t parallelFor(void *, classifier_body body, void *args, int64_t n,
                    int64_t grain) {
  int64_t chunks = (n + grain - 1) / grain,
          share = (chunks + kThreads - 1) / kThreads * grain;
  std::vector<int32_t> status(kThreads, CLASSIFIER_OK);
  std::vector<std::thread> threads;
  for (int worker = 0; worker < kThreads; ++worker) {
    int64_t begin = std::min(n, worker * share),
            end = std::min(n, begin + share);
    threads.emplace_back([=, &status] {
      status[worker] =
          begin < end ? body(args, begin, end, worker) : CLASSIFIER_OK;
    });
  }
  for (std::thread &thread : threads)
    thread.join();
  auto failed = std::find_if(status.begin(), status.end(),
                             [](int32_t s) { return s != CLASSIFIER_OK; });
  return failed == status.end() ? CLASSIFIER_OK : *failed;
}

class Classifier {
public:
  Classifier() {
    classifier_options options = {};
    options.struct_size = sizeof(options);
    options.threads = kThreads;
    options.parallel_for = parallelFor;
    classifier_model *m = nullptr;
    check(classifier_model_create(&options, &m));
    model.reset(m);
    classifier_context *c = nullptr;
    check(classifier_context_create(m, &options, &c));
    context.reset(c);
  }

  // rows x 64 values -> rows x 4 probabilities
  std::vector<float> operator()(std::vector<float> values) {
    int64_t shape[] = {int64_t(values.size()) / 64, 64}, resultShape[2];
    squint_tensor input = {values.data(), {1, 0},  2, {2, 32, 1},
                           shape,         nullptr, 0};
    check(classifier_prepare(context.get(), &input));
    check(classifier_output_shape(
        context.get(), CLASSIFIER_OUTPUT_PROBABILITIES, resultShape));
    std::vector<float> result(resultShape[0] * resultShape[1]);
    squint_tensor output = {result.data(), {1, 0},  2, {2, 32, 1},
                            resultShape,   nullptr, 0};
    check(classifier_run(context.get(), nullptr, &input, &output));
    return result;
  }

private:
  void check(int32_t status) {
    if (status != CLASSIFIER_OK)
      throw std::runtime_error(context ? classifier_error_text(context.get())
                                       : classifier_status_text(status));
  }

  struct Destroy {
    void operator()(classifier_model *m) const { classifier_model_destroy(m); }
    void operator()(classifier_context *c) const {
      classifier_context_destroy(c);
    }
  };
  std::unique_ptr<classifier_model, Destroy> model;
  std::unique_ptr<classifier_context, Destroy> context;
};

} // namespace

int main() {
  try {
    Classifier classify;
    for (int rows : {1, 7, 4}) {
      // Row i lights up quarter i mod 4.
      std::vector<float> values(rows * 64, 0.0f);
      for (int i = 0; i < rows; ++i)
        std::fill_n(values.begin() + i * 64 + i % 4 * 16, 16, 0.25f);
      std::vector<float> result = classify(values);
      std::string line = std::to_string(rows) + " rows:";
      for (int i = 0; i < rows; ++i) {
        auto row = result.begin() + i * 4;
        line += " " + std::to_string(std::max_element(row, row + 4) - row);
      }
      std::puts(line.c_str());
    }
  } catch (const std::exception &e) {
    std::fprintf(stderr, "client: %s\n", e.what());
    return EXIT_FAILURE;
  }
}
