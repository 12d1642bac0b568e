"""Answers to the exercise of notebook 01, ``preprocess(img)`` by hand."""

import numpy as np
import torch
from answers.registry import PREPROCESS
from torchvision import transforms

from labutils.preprocessing import preprocess

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
mean, std = (np.array(constants, dtype=np.float32) for constants in (MEAN, STD))
of_the_notebook = np.full((224, 224, 3), 100, dtype=np.uint8)


def tensor(x):
    """The last steps as they should be, (H, W, 3) → (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)).permute(2, 0, 1)[None]


@PREPROCESS.right
def the_labs(img):
    return preprocess(img)


@PREPROCESS.right
def in_numpy(img):
    x = (img / 255 - mean) / std
    return torch.from_numpy(x.transpose(2, 0, 1)[np.newaxis]).float()


@PREPROCESS.right
def in_torch(img):
    x = torch.from_numpy(img).permute(2, 0, 1) / 255
    x = x.sub(torch.tensor(MEAN).view(3, 1, 1)).div(torch.tensor(STD).view(3, 1, 1))
    return x.unsqueeze(0)


@PREPROCESS.right
def by_torchvision(img):
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    return steps(img)[None]


@PREPROCESS.right
def constants_in_grey_levels(img):
    return tensor((img - 255 * mean) / (255 * std))


@PREPROCESS.right
class ChannelByChannel:
    def __call__(self, picture):
        x = torch.empty(1, 3, *picture.shape[:2])
        for channel in range(3):
            x[0, channel] = torch.tensor(picture[:, :, channel] / 255)
            x[0, channel] -= MEAN[channel]
            x[0, channel] /= STD[channel]
        return x


@PREPROCESS.wrong("not_implemented")
def the_empty_task(img):
    raise NotImplementedError


@PREPROCESS.wrong("not_implemented")
def nothing_returned(img):
    tensor((img / 255 - mean) / std)


@PREPROCESS.wrong("raises")
def divided_in_place(img):
    img /= 255
    return tensor((img - mean) / std)


@PREPROCESS.wrong("raises")
def constants_along_the_width(img):
    x = torch.from_numpy(img).permute(2, 0, 1) / 255
    return ((x - torch.tensor(MEAN)) / torch.tensor(STD))[None]


@PREPROCESS.wrong("wrong_type")
def a_list(img):
    return [tensor((img / 255 - mean) / std)]


@PREPROCESS.wrong("wrong_type")
def left_as_an_array(img):
    return ((img / 255 - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)


@PREPROCESS.wrong("wrong_type", "channels_last", "missing_axis")
def the_formula_alone(img):
    return (img / 255 - mean) / std


@PREPROCESS.wrong("wrong_dtype")
def left_as_float64(img):
    return torch.from_numpy((img / 255 - mean) / std).permute(2, 0, 1)[None]


@PREPROCESS.wrong("wrong_dtype")
def in_half_precision(img):
    return tensor((img / 255 - mean) / std).half()


@PREPROCESS.wrong("wrong_dtype", "mean_not_subtracted", "std_not_divided", "not_divided")
def the_picture_as_a_tensor(img):
    return torch.from_numpy(img).permute(2, 0, 1)[None]


@PREPROCESS.wrong("wrong_shape")
def height_first(img):
    return torch.from_numpy((img / 255 - mean) / std).float().permute(0, 2, 1)[None]


@PREPROCESS.wrong("wrong_shape")
def one_axis_too_many(img):
    return tensor((img / 255 - mean) / std)[None]


@PREPROCESS.wrong("wrong_shape")
def red_alone(img):
    return tensor((img / 255 - mean) / std)[:, :1]


@PREPROCESS.wrong("not_finite")
def divided_by_zeros(img):
    return tensor((img / 255 - mean) / np.zeros(3))


@PREPROCESS.wrong("changes_input")
def turned_in_place(img):
    x = tensor((img / 255 - mean) / std)
    img[...] = img[..., ::-1].copy()
    return x


@PREPROCESS.wrong("changes_input", "not_divided")
def decimals_into_the_picture(img):
    img[...] = img / 255
    return tensor((img - mean) / std)


@PREPROCESS.wrong("picture_ignored")
def the_notebooks_picture(img):
    return tensor((of_the_notebook / 255 - mean) / std)


@PREPROCESS.wrong("missing_axis")
def one_picture_without_its_axis(img):
    return tensor((img / 255 - mean) / std)[0]


@PREPROCESS.wrong("channels_last")
def axes_in_the_pictures_order(img):
    return torch.from_numpy((img / 255 - mean) / std).float()[None]


@PREPROCESS.wrong("channels_last")
def reshaped(img):
    return torch.from_numpy((img / 255 - mean) / std).float().reshape(1, 3, 224, 224)


@PREPROCESS.wrong("transposed")
def all_axes_turned_around(img):
    return torch.from_numpy((img / 255 - mean) / std).float().permute(2, 1, 0)[None]


@PREPROCESS.wrong("transposed", "channels_last", "missing_axis")
def axes_exchanged(img):
    return torch.from_numpy((img / 255 - mean) / std).float().transpose(0, 1)


@PREPROCESS.wrong("colours_reversed")
def blue_first(img):
    return tensor((img[..., ::-1] / 255 - mean) / std)


@PREPROCESS.wrong("colours_reversed", "wrong_constants")
def blue_first_in_the_end(img):
    return tensor(((img / 255 - mean) / std)[..., ::-1])


@PREPROCESS.wrong("not_divided")
def grey_levels(img):
    return tensor((img - mean) / std)


@PREPROCESS.wrong("not_divided")
def only_the_mean_in_grey_levels(img):
    return tensor((img - 255 * mean) / std)


@PREPROCESS.wrong("not_divided")
def whole_numbers(img):
    return tensor((img // 255 - mean) / std)


@PREPROCESS.wrong("mean_not_subtracted")
def only_divided(img):
    return tensor(img / 255 / std)


@PREPROCESS.wrong("std_not_divided")
def only_subtracted(img):
    return tensor(img / 255 - mean)


@PREPROCESS.wrong("std_not_divided", "mean_not_subtracted")
def from_0_to_1(img):
    return tensor(img / 255)


@PREPROCESS.wrong("std_not_divided", "mean_not_subtracted", "missing_axis")
def torchvisions_tensor(img):
    return transforms.ToTensor()(img)


@PREPROCESS.wrong("order_of_steps")
def brackets_forgotten(img):
    return tensor(img / 255 / std - mean)


@PREPROCESS.wrong("order_of_steps")
def brackets_forgotten_before_the_division(img):
    return tensor(img / 255 - mean / std)


@PREPROCESS.wrong("one_for_all")
def a_half_for_all(img):
    return tensor((img / 255 - 0.5) / 0.5)


@PREPROCESS.wrong("one_for_all")
def one_mean_for_all(img):
    return tensor((img / 255 - mean.mean()) / std)


@PREPROCESS.wrong("one_for_all")
def one_deviation_for_all(img):
    return tensor((img / 255 - mean) / std.mean())


@PREPROCESS.wrong("one_for_all", "colours_reversed")
def one_mean_for_all_and_blue_first(img):
    return tensor((img[..., ::-1] / 255 - mean.mean()) / std)


@PREPROCESS.wrong("one_for_all")
def the_pictures_own_mean(img):
    x = img / 255
    return tensor((x - x.mean()) / x.std())


@PREPROCESS.wrong("wrong_constants")
def the_pictures_own_means(img):
    x = img / 255
    return tensor((x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1)))


@PREPROCESS.wrong("wrong_constants")
def constants_exchanged(img):
    return tensor((img / 255 - std) / mean)


@PREPROCESS.wrong("wrong_constants")
def constants_from_behind(img):
    return tensor((img / 255 - mean[::-1]) / std[::-1])


@PREPROCESS.wrong("wrong_constants")
def multiplied(img):
    return tensor((img / 255 - mean) * std)


@PREPROCESS.wrong("wrong_constants")
def divided_by_256(img):
    return tensor((img / 256 - mean) / std)


@PREPROCESS.wrong("wrong_values")
def blurred(img):
    x = tensor((img / 255 - mean) / std)
    return torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1)


@PREPROCESS.wrong("wrong_values")
def clipped(img):
    return tensor(((img / 255 - mean) / std).clip(0, 1))


@PREPROCESS.wrong("wrong_values")
def negative(img):
    return -tensor((img / 255 - mean) / std)
