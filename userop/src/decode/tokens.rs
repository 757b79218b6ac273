//! Transfers and approvals of ERC-20, ERC-721 and ERC-1155.

use alloy::{sol, sol_types::SolCall};

use super::{Action, canonical};

sol! {
    interface Erc20 {
        function transfer(address to, uint256 amount) external;
        function transferFrom(address from, address to, uint256 amount) external;
        function approve(address spender, uint256 amount) external;
        function increaseAllowance(address spender, uint256 amount) external;
        function decreaseAllowance(address spender, uint256 amount) external;
        function permit(
            address owner,
            address spender,
            uint256 amount,
            uint256 deadline,
            uint8 v,
            bytes32 r,
            bytes32 s
        ) external;
    }

    interface Dai {
        function permit(
            address holder,
            address spender,
            uint256 nonce,
            uint256 expiry,
            bool allowed,
            uint8 v,
            bytes32 r,
            bytes32 s
        ) external;
    }

    interface Erc721 {
        function setApprovalForAll(address operator, bool approved) external;
        function safeTransferFrom(address from, address to, uint256 id) external;
    }

    interface Erc721WithData {
        function safeTransferFrom(address from, address to, uint256 id, bytes data) external;
    }

    interface Erc1155 {
        function safeTransferFrom(
            address from,
            address to,
            uint256 id,
            uint256 amount,
            bytes data
        ) external;
        function safeBatchTransferFrom(
            address from,
            address to,
            uint256[] ids,
            uint256[] amounts,
            bytes data
        ) external;
    }
}

pub(super) fn decode(data: &[u8]) -> Option<Action> {
    match *data.first_chunk::<4>()? {
        Erc20::transferCall::SELECTOR => {
            let c: Erc20::transferCall = canonical(data)?;
            Some(Action::Transfer { to: c.to, amount: c.amount })
        }
        Erc20::transferFromCall::SELECTOR => {
            let c: Erc20::transferFromCall = canonical(data)?;
            Some(Action::TransferFrom { from: c.from, to: c.to, amount_or_id: c.amount })
        }
        Erc20::approveCall::SELECTOR => {
            let c: Erc20::approveCall = canonical(data)?;
            Some(Action::Approve { spender: c.spender, amount_or_id: c.amount })
        }
        Erc20::increaseAllowanceCall::SELECTOR => {
            let c: Erc20::increaseAllowanceCall = canonical(data)?;
            Some(Action::IncreaseAllowance { spender: c.spender, amount: c.amount })
        }
        Erc20::decreaseAllowanceCall::SELECTOR => {
            let c: Erc20::decreaseAllowanceCall = canonical(data)?;
            Some(Action::DecreaseAllowance { spender: c.spender, amount: c.amount })
        }
        Erc20::permitCall::SELECTOR => {
            let c: Erc20::permitCall = canonical(data)?;
            let (owner, spender) = (c.owner, c.spender);
            Some(Action::Permit { owner, spender, amount: c.amount, deadline: c.deadline })
        }
        Dai::permitCall::SELECTOR => {
            let c: Dai::permitCall = canonical(data)?;
            Some(Action::PermitAll {
                owner: c.holder,
                spender: c.spender,
                allowed: c.allowed,
                nonce: c.nonce,
                deadline: c.expiry,
            })
        }
        _ => decode_unique_tokens(data),
    }
}

fn decode_unique_tokens(data: &[u8]) -> Option<Action> {
    match *data.first_chunk::<4>()? {
        Erc721::setApprovalForAllCall::SELECTOR => {
            let c: Erc721::setApprovalForAllCall = canonical(data)?;
            Some(Action::ApproveAll { operator: c.operator, approved: c.approved })
        }
        Erc721::safeTransferFromCall::SELECTOR => {
            let c: Erc721::safeTransferFromCall = canonical(data)?;
            Some(Action::TransferToken { from: c.from, to: c.to, id: c.id })
        }
        Erc721WithData::safeTransferFromCall::SELECTOR => {
            let c: Erc721WithData::safeTransferFromCall = canonical(data)?;
            Some(Action::TransferToken { from: c.from, to: c.to, id: c.id })
        }
        Erc1155::safeTransferFromCall::SELECTOR => {
            let c: Erc1155::safeTransferFromCall = canonical(data)?;
            let (ids, amounts) = (vec![c.id], vec![c.amount]);
            Some(Action::TransferTokens { from: c.from, to: c.to, ids, amounts })
        }
        Erc1155::safeBatchTransferFromCall::SELECTOR => {
            let c: Erc1155::safeBatchTransferFromCall = canonical(data)?;
            let (ids, amounts) = (c.ids, c.amounts);
            Some(Action::TransferTokens { from: c.from, to: c.to, ids, amounts })
        }
        _ => None,
    }
}
