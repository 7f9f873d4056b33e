// VGG-16 up to relu4_3 (Simonyan & Zisserman 2015), for style features. Parameters are named as
// torchvision does, behind "vgg16.", and are not trained.
#pragma once

#include <array>

#include "engine/parameter_store.h"

namespace nram {

std::vector<ParameterSpec> vgg16_specs();

// image [N,H,W,3] in [-1, 1], which is normalised with the ImageNet mean and deviation inside ->
// relu1_2 [N,H,W,64], relu2_2 [N,H/2,W/2,128], relu3_3 [N,H/4,W/4,256], relu4_3 [N,H/8,W/8,512].
std::array<Variable, 4> vgg16_features(ParameterBinding& parameters, Variable image);

}  // namespace nram
