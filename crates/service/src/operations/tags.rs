//! Tags of KMS keys.

use crate::context::Context;
use crate::paging::{Listing, page_size};
use trent_api::KmsError;
use trent_api::structures::{
    ListResourceTagsRequest, ListResourceTagsResponse, Tag, TagResourceRequest,
    UntagResourceRequest,
};

/// TagResource. Raises `NotFoundException`, `InvalidArnException`, `KMSInvalidStateException`,
/// `TagException`, `LimitExceededException`.
pub(crate) async fn tag_resource(
    cx: &Context<'_>,
    request: TagResourceRequest,
) -> Result<(), KmsError> {
    cx.change_key(&request.key_id, |key| key.tagged(&request.tags)).await?;
    Ok(())
}

/// UntagResource. Raises `NotFoundException`, `InvalidArnException`, `KMSInvalidStateException`.
pub(crate) async fn untag_resource(
    cx: &Context<'_>,
    request: UntagResourceRequest,
) -> Result<(), KmsError> {
    cx.change_key(&request.key_id, |key| Ok(key.untagged(&request.tag_keys))).await?;
    Ok(())
}

/// ListResourceTags, in the order of the tag keys. Raises `NotFoundException`,
/// `InvalidArnException`, `InvalidMarkerException`.
pub(crate) async fn list_resource_tags(
    cx: &Context<'_>,
    request: ListResourceTagsRequest,
) -> Result<ListResourceTagsResponse, KmsError> {
    let key = cx.key(&request.key_id).await?;
    let arn = key.arn().text();
    let listing = Listing { operation: cx.operation, scope: &[&arn] };
    let after = cx.service.tokens.page_start(&listing, request.marker.as_deref())?;
    let tags = key
        .tags
        .iter()
        .filter(|(tag_key, _)| Some(*tag_key) > after.as_ref())
        .map(|(tag_key, tag_value)| Tag { tag_key: tag_key.clone(), tag_value: tag_value.clone() })
        .collect();
    let limit = page_size(request.limit, 50, 50);
    let page = cx.service.tokens.page(&listing, tags, limit, |tag: &Tag| tag.tag_key.clone())?;
    Ok(ListResourceTagsResponse {
        truncated: Some(page.is_truncated()),
        tags: Some(page.items),
        next_marker: page.next_marker,
    })
}
