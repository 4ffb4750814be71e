// Additional sense codes by name: those that copies meet, from either side.
#pragma once

#include "wire/sense.h"

namespace libcopyfile::wire::codes {

using enum SenseKey;

inline constexpr SenseCode kOperationInProgress{illegal_request, 0x00, 0x16};
inline constexpr SenseCode kCopyAborted{copy_aborted, 0x00, 0x00};
inline constexpr SenseCode kSegmentField{copy_aborted, 0x26, 0x00};
inline constexpr SenseCode kSegmentInexact{copy_aborted, 0x26, 0x0a};
inline constexpr SenseCode kUnreachable{copy_aborted, 0x08, 0x04};
inline constexpr SenseCode kThirdPartyFailure{copy_aborted, 0x0d, 0x01};
inline constexpr SenseCode kTargetNotReachable{copy_aborted, 0x0d, 0x02};
inline constexpr SenseCode kWrongTargetType{copy_aborted, 0x0d, 0x03};
inline constexpr SenseCode kUnderrun{copy_aborted, 0x0d, 0x04};
inline constexpr SenseCode kOverrun{copy_aborted, 0x0d, 0x05};
// Less data, or more, was announced than the command has (SPC-4: invalid field in command information unit).
inline constexpr SenseCode kWrongDataLength{illegal_request, 0x0e, 0x03};
inline constexpr SenseCode kParameterListLength{illegal_request, 0x1a, 0x00};
inline constexpr SenseCode kMiscompare{miscompare, 0x1d, 0x00};
inline constexpr SenseCode kInvalidOperation{illegal_request, 0x20, 0x00};
inline constexpr SenseCode kLbaOutOfRange{illegal_request, 0x21, 0x00};
inline constexpr SenseCode kTokenUnusable{illegal_request, 0x23, 0x00};
inline constexpr SenseCode kTokenTypeUnsupported{illegal_request, 0x23, 0x01};
inline constexpr SenseCode kTokenUnknown{illegal_request, 0x23, 0x04};
inline constexpr SenseCode kTokenCorrupt{illegal_request, 0x23, 0x05};
inline constexpr SenseCode kTokenRevoked{illegal_request, 0x23, 0x06};
inline constexpr SenseCode kTokenExpired{illegal_request, 0x23, 0x07};
inline constexpr SenseCode kTokenCancelled{illegal_request, 0x23, 0x08};
inline constexpr SenseCode kTokenDeleted{illegal_request, 0x23, 0x09};
inline constexpr SenseCode kInvalidFieldInCdb{illegal_request, 0x24, 0x00};
inline constexpr SenseCode kInvalidFieldInList{illegal_request, 0x26, 0x00};
inline constexpr SenseCode kTooManyTargets{illegal_request, 0x26, 0x06};
inline constexpr SenseCode kUnsupportedTargetType{illegal_request, 0x26, 0x07};
inline constexpr SenseCode kTooManySegments{illegal_request, 0x26, 0x08};
inline constexpr SenseCode kUnsupportedSegmentType{illegal_request, 0x26, 0x09};
inline constexpr SenseCode kInexactSegment{illegal_request, 0x26, 0x0a};
inline constexpr SenseCode kInlineLength{illegal_request, 0x26, 0x0b};
inline constexpr SenseCode kGranularity{illegal_request, 0x26, 0x0d};
inline constexpr SenseCode kRodResources{illegal_request, 0x55, 0x0c};
inline constexpr SenseCode kTokenResources{illegal_request, 0x55, 0x0d};
inline constexpr SenseCode kNoResources{aborted_command, 0x55, 0x03};
inline constexpr SenseCode kWriteProtected{data_protect, 0x27, 0x00};
inline constexpr SenseCode kNoSpace{data_protect, 0x27, 0x07};

// What a target answers besides.
inline constexpr SenseCode kWriteError{medium_error, 0x0c, 0x00};
inline constexpr SenseCode kUnrecoveredReadError{medium_error, 0x11, 0x00};
inline constexpr SenseCode kUnitNotSupported{illegal_request, 0x25, 0x00};
inline constexpr SenseCode kPowerOn{unit_attention, 0x29, 0x00};
inline constexpr SenseCode kBusReset{unit_attention, 0x29, 0x02};
inline constexpr SenseCode kDeviceReset{unit_attention, 0x29, 0x03};
inline constexpr SenseCode kModeParametersChanged{unit_attention, 0x2a, 0x01};
inline constexpr SenseCode kCapacityChanged{unit_attention, 0x2a, 0x09};
inline constexpr SenseCode kCommandsCleared{unit_attention, 0x2f, 0x00};
inline constexpr SenseCode kSavingNotSupported{illegal_request, 0x39, 0x00};
inline constexpr SenseCode kReportedLunsChanged{unit_attention, 0x3f, 0x0e};
inline constexpr SenseCode kInternalFailure{hardware_error, 0x44, 0x00};

}  // namespace libcopyfile::wire::codes
