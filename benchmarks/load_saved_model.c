/* Runs a SavedModel through TensorFlow's C API alone, no Python in the process.

     load_saved_model SAVED_MODEL INPUT OUTPUT BATCH SIDE < IMAGES > RESULTS

   INPUT and OUTPUT are operations of the graph, as NAME:INDEX. IMAGES are
   BATCH * SIDE * SIDE * 3 raw floats; RESULTS are raw floats, too. The result's
   shape and sum go to stderr. benchmarks/export_readers.py compiles it. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

static void check(const TF_Status* status, const char* what) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s: %s\n", what, TF_Message(status));
    exit(1);
  }
}

static TF_Output find(TF_Graph* graph, char* name) {
  char* colon = strrchr(name, ':');
  TF_Output output = {NULL, colon ? atoi(colon + 1) : 0};
  if (colon) *colon = '\0';
  output.oper = TF_GraphOperationByName(graph, name);
  if (!output.oper) {
    fprintf(stderr, "the graph has no operation %s\n", name);
    exit(1);
  }
  return output;
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: %s SAVED_MODEL INPUT OUTPUT BATCH SIDE\n", argv[0]);
    return 2;
  }
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(
      options, NULL, argv[1], tags, 1, graph, NULL, status);
  check(status, argv[1]);

  const int64_t side = atoll(argv[5]);
  const int64_t shape[] = {atoll(argv[4]), side, side, 3};
  const size_t count = shape[0] * side * side * 3;
  TF_Tensor* images =
      TF_AllocateTensor(TF_FLOAT, shape, 4, count * sizeof(float));
  if (fread(TF_TensorData(images), sizeof(float), count, stdin) != count) {
    fprintf(stderr, "stdin ended before %zu floats\n", count);
    return 1;
  }

  const TF_Output input = find(graph, argv[2]);
  const TF_Output output = find(graph, argv[3]);
  TF_Tensor* results = NULL;
  TF_SessionRun(session, NULL, &input, &images, 1, &output, &results, 1, NULL,
                0, NULL, status);
  check(status, "TF_SessionRun");

  const float* values = TF_TensorData(results);
  const size_t numbers = TF_TensorByteSize(results) / sizeof(float);
  double sum = 0;
  for (size_t i = 0; i < numbers; ++i) sum += values[i];
  fprintf(stderr, "shape");
  for (int i = 0; i < TF_NumDims(results); ++i) {
    fprintf(stderr, " %lld", (long long)TF_Dim(results, i));
  }
  fprintf(stderr, "\nsum %.9g\n", sum);
  fwrite(values, sizeof(float), numbers, stdout);

  TF_DeleteTensor(results);
  TF_DeleteTensor(images);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
